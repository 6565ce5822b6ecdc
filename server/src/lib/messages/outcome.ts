import type { messageEvents } from '../../db/schema.ts';
import type { SendResult } from '../providers/provider.ts';
import { deriveStatus, type MessageStatus } from './status.ts';

export type EventType = typeof messageEvents.$inferSelect.type;

/**
 * What became of one attempt: the provider's result, or why there was none.
 *
 * - `unsendable`: the message itself cannot be sent, now or later.
 * - `handed_back`: this process had to stop before anything was handed over; the attempt does not count.
 * - `no_provider`: no way out is open at present; the attempt does not count.
 * - `nobody_left`: everybody who was still to get it is on the suppression list.
 * - `crashed`: something nobody expected; where the hand-over had begun the message may have been delivered.
 */
export type AttemptResult =
  | SendResult
  | { kind: 'unsendable'; code: string; message: string }
  | { kind: 'handed_back' }
  | { kind: 'no_provider'; reason: string; retryAfterMs: number }
  | { kind: 'nobody_left' }
  | { kind: 'crashed'; message: string; wasHandedOver: boolean };

export type AttemptRecipient = { position: number; email: string; status: MessageStatus };

export type RecipientChange = { position: number; status: MessageStatus; response: string | null };

/** A line of the timeline; one that `tells` of a state is true only where the message came to be in it. */
export type OutcomeEvent = {
  type: EventType;
  recipient: string | null;
  detail: string;
  tells: MessageStatus | null;
};

/** All that an attempt changes, to be written in one transaction. */
export type AttemptOutcome = {
  /** Unless a provider's event has moved recipients in the meantime. */
  status: MessageStatus;
  recipients: RecipientChange[];
  events: OutcomeEvent[];
  lastError: string | null;
  providerMessageId: string | null;
  /** True for an attempt that was our own doing: it is taken off the count. */
  isRefunded: boolean;
  /** Set where `status` is `queued`: null leaves the delay to the schedule, a number is the provider's wish in ms. */
  retryAfterMs: number | null;
};

type AttemptInput = {
  /** All recipients of the message; those still `sending` were part of this attempt. */
  recipients: readonly AttemptRecipient[];
  result: AttemptResult;
  isLastAttempt: boolean;
};

/**
 * Decides what an attempt means for each recipient, for the message and for its timeline. Recipients that ended in an
 * earlier attempt keep their state, so that a retry reaches only those who still wait.
 */
export function decideOutcome({ recipients, result, isLastAttempt }: AttemptInput): AttemptOutcome {
  const pending = recipients.filter(({ status }) => status === 'sending');
  const changes = pending.map((recipient) => changeOf(recipient, result, isLastAttempt));
  const changed = new Map(changes.map((change) => [change.position, change.status]));
  const status = deriveStatus(
    recipients.map((recipient) => changed.get(recipient.position) ?? recipient.status),
  );
  return {
    status,
    recipients: changes,
    events: describe({ pending, changes, result, status }),
    lastError: errorOf(result),
    isRefunded: result.kind === 'handed_back' || result.kind === 'no_provider',
    providerMessageId: result.kind === 'sent' ? result.providerMessageId : null,
    retryAfterMs: retryAfterMs(result),
  };
}

function retryAfterMs(result: AttemptResult): number | null {
  if (result.kind === 'handed_back') return 0;
  return result.kind === 'deferred' || result.kind === 'no_provider' ? result.retryAfterMs : null;
}

function changeOf(
  { position, email }: AttemptRecipient,
  result: AttemptResult,
  isLastAttempt: boolean,
): RecipientChange {
  const waitOrFail: MessageStatus = isLastAttempt ? 'failed' : 'queued';
  switch (result.kind) {
    case 'unsendable':
      return { position, status: 'failed', response: result.message };
    case 'handed_back':
    case 'no_provider':
      return { position, status: 'queued', response: null };
    case 'nobody_left':
      return { position, status: 'suppressed', response: null };
    case 'crashed':
      return { position, status: result.wasHandedOver ? 'unknown' : waitOrFail, response: result.message };
    case 'ambiguous':
      return { position, status: 'unknown', response: result.reason };
    case 'provider_down':
      return { position, status: waitOrFail, response: result.reason };
    case 'sent':
    case 'rejected':
    case 'deferred': {
      const refusal = result.refused.find(({ address }) => address === email);
      if (refusal)
        return { position, status: refusal.isPermanent ? 'failed' : waitOrFail, response: refusal.response };
      if (result.kind === 'sent')
        return { position, status: result.isDelivered ? 'delivered' : 'sent', response: result.response };
      return {
        position,
        status: result.kind === 'rejected' ? 'failed' : waitOrFail,
        response: result.response,
      };
    }
  }
}

type Described = {
  pending: readonly AttemptRecipient[];
  changes: readonly RecipientChange[];
  result: AttemptResult;
  status: MessageStatus;
};

function describe({ pending, changes, result, status }: Described): OutcomeEvent[] {
  if (result.kind === 'nobody_left') return ENDS.map(toNobodyLeft);
  const events: OutcomeEvent[] = [];
  const tell = (type: EventType, detail: string, facts: Partial<OutcomeEvent> = {}) =>
    events.push({ type, detail, recipient: null, tells: null, ...facts });
  if (result.kind === 'sent') tell(result.isDelivered ? 'delivered' : 'sent', result.response);
  if (status === 'unknown') tell('unknown', errorOf(result) ?? 'the answer was lost', { tells: status });
  for (const refusal of 'refused' in result ? result.refused : []) {
    const isKnown = pending.some(({ email }) => email === refusal.address);
    if (isKnown) tell('refused', refusal.response, { recipient: refusal.address });
  }
  if (status === 'queued')
    tell('deferred', errorOf(result) ?? waitingText(result, changes), { tells: status });
  if (status === 'failed') tell('failed', errorOf(result) ?? failedText(changes), { tells: status });
  return events;
}

/** How a message can end without another attempt; which of them it is follows from what became of its recipients before. */
const ENDS = ['suppressed', 'sent', 'delivered', 'bounced', 'spam', 'failed', 'unknown'] as const;

function toNobodyLeft(status: (typeof ENDS)[number]): OutcomeEvent {
  const detail = 'everybody who had not got it yet is on the suppression list';
  return { type: status, recipient: null, detail, tells: status };
}

function waitingText(result: AttemptResult, changes: readonly RecipientChange[]): string {
  if (result.kind === 'handed_back') return 'the worker stopped before it was handed over';
  return `${changes.filter(({ status }) => status === 'queued').length} recipients will be tried again`;
}

function failedText(changes: readonly RecipientChange[]): string {
  return `${changes.filter(({ status }) => status === 'failed').length} of ${changes.length} recipients were refused`;
}

function errorOf(result: AttemptResult): string | null {
  switch (result.kind) {
    case 'sent':
    case 'handed_back':
    case 'nobody_left':
      return null;
    case 'unsendable':
      return `${result.code}: ${result.message}`;
    case 'crashed':
      return result.message;
    case 'rejected':
    case 'deferred':
      return result.response;
    case 'provider_down':
    case 'ambiguous':
    case 'no_provider':
      return result.reason;
  }
}
