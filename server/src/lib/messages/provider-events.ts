import type { suppressionReason } from '../../db/schema.ts';
import { parseAddress } from '../mail/address.ts';
import type { ProviderEvent, ProviderEventType } from '../providers/provider-event.ts';
import type { EventType } from './outcome.ts';
import { canBecome, deriveStatus, type MessageStatus } from './status.ts';
import { toStorableText } from './storable-text.ts';

export type SuppressionReason = (typeof suppressionReason.enumValues)[number];

/** What is known of a message before its provider's news are looked at. */
export type ReportedMessage = {
  status: MessageStatus;
  /** Of the last hand-over whose answer was recorded. */
  providerMessageId: string | null;
  lastError: string | null;
  recipients: readonly { position: number; email: string; status: MessageStatus }[];
};

/** One line that the timeline gains. */
export type ReportedFact = {
  type: EventType;
  recipient: string | null;
  detail: string;
  /** The event it came from; null for what only follows from one. */
  source: ProviderEvent | null;
  occurredAt: Date;
};

/** All that a provider's events change in one message, to be written in one transaction. */
export type ProviderFindings = {
  status: MessageStatus;
  providerMessageId: string | null;
  lastError: string | null;
  recipients: { position: number; from: MessageStatus; status: MessageStatus; response: string }[];
  facts: ReportedFact[];
  suppressions: { email: string; reason: SuppressionReason }[];
};

type Effect = {
  type: EventType;
  /** Null where it says only that the provider took the mail. */
  becomes: MessageStatus | null;
  suppresses: SuppressionReason | null;
};

const EFFECTS: Record<ProviderEventType, Effect> = {
  sent: { type: 'sent', becomes: 'sent', suppresses: null },
  delivered: { type: 'delivered', becomes: 'delivered', suppresses: null },
  deferred: { type: 'deferred', becomes: null, suppresses: null },
  bounced_hard: { type: 'bounced', becomes: 'bounced', suppresses: 'hard_bounce' },
  // It gave up on this mail, but the mailbox exists (full, too busy): the next mail may well arrive.
  bounced_soft: { type: 'bounced', becomes: 'bounced', suppresses: null },
  spam: { type: 'spam', becomes: 'spam', suppresses: 'complaint' },
  opened: { type: 'opened', becomes: null, suppresses: null },
  clicked: { type: 'clicked', becomes: null, suppresses: null },
  unsubscribed: { type: 'unsubscribed', becomes: null, suppresses: 'unsubscribe' },
  rejected: { type: 'failed', becomes: 'failed', suppresses: null },
};

const TOOK_IT = 'the provider reports on it, so it took it';

type Recipient = ReportedMessage['recipients'][number];
type States = Map<number, { status: MessageStatus; response: string }>;

/**
 * Decides what a provider's events mean for a message. Their order does not matter and none moves anything backwards: a
 * change that {@link canBecome} refuses leaves a line in the timeline and nothing else.
 *
 * @param events each of them about this message, and none that was looked at before
 */
export function decideProviderEvents(
  message: ReportedMessage,
  events: readonly ProviderEvent[],
): ProviderFindings {
  const states: States = new Map();
  const facts: ReportedFact[] = [];
  for (const event of events) facts.push(...applyEvent({ message, states, event }));
  const statuses = message.recipients.map((recipient) => statusOf(recipient, states));
  const derived = deriveStatus(statuses);
  const ending = isReportable(derived) && canBecome(message.status, derived) ? derived : null;
  // What is left of several recipients may be an end that none of these events was about.
  if (ending !== null && !facts.some(({ type }) => type === ending)) facts.push(toEnding(ending, facts));
  return {
    status: ending ?? message.status,
    providerMessageId: message.providerMessageId ?? identify(statuses, events),
    lastError: ending === null ? message.lastError : lastErrorOf(ending, facts),
    recipients: message.recipients.flatMap(({ position, status: from }) => {
      const state = states.get(position);
      return state ? [{ position, from, ...state }] : [];
    }),
    facts,
    suppressions: events.flatMap((event) => suppressionsOf(event, message.recipients)),
  };
}

function statusOf({ position, status }: Recipient, states: States): MessageStatus {
  return states.get(position)?.status ?? status;
}

/** Moves who can be moved, and tells the timeline. */
function applyEvent({
  message,
  states,
  event,
}: {
  message: ReportedMessage;
  states: States;
  event: ProviderEvent;
}): ReportedFact[] {
  const { type, becomes } = EFFECTS[event.type];
  const detail = toStorableText(event.detail);
  const { occurredAt } = event;
  // A hand-over that was recorded is over: its news cannot be about somebody who is in flight in a later one.
  const isAboutFlight = event.providerMessageId !== message.providerMessageId;
  const moved = recipientsOf(event, message.recipients).filter((recipient) => {
    const from = statusOf(recipient, states);
    const isInFlight = from === 'sending' || from === 'unknown';
    if (isInFlight ? !isAboutFlight : becomes === null) return false;
    return canBecome(from, becomes ?? 'sent');
  });
  for (const { position } of moved) states.set(position, { status: becomes ?? 'sent', response: detail });
  const recipient = event.recipient === null ? null : toStorableText(event.recipient);
  const fact: ReportedFact = { type, recipient, detail, source: event, occurredAt };
  // Our own `sent` is in the timeline already; the provider's says nothing more.
  if (type === 'sent') return moved.length > 0 ? [fact] : [];
  if (becomes !== null || moved.length === 0) return [fact];
  return [{ type: 'sent', recipient, detail: TOOK_IT, source: null, occurredAt }, fact];
}

/** Once nobody is in flight any more, all later news of this hand-over can be known by the provider's own id. */
function identify(statuses: readonly MessageStatus[], events: readonly ProviderEvent[]): string | null {
  const isInFlight = statuses.some((status) => status === 'sending' || status === 'unknown');
  return isInFlight ? null : (events[0]?.providerMessageId ?? null);
}

const REPORTABLE = [
  'sent',
  'delivered',
  'bounced',
  'spam',
  'failed',
] as const satisfies readonly (MessageStatus & EventType)[];
type Reportable = (typeof REPORTABLE)[number];

/** True for what a provider may report as the state of a mail; each is an event of the same name. */
export function isReportable(status: MessageStatus): status is Reportable {
  return REPORTABLE.some((candidate) => candidate === status);
}

function toEnding(type: Reportable, facts: readonly ReportedFact[]): ReportedFact {
  const occurredAt = facts.at(-1)?.occurredAt ?? new Date(0);
  return { type, recipient: null, detail: 'the fate of every recipient is known', source: null, occurredAt };
}

function lastErrorOf(status: Reportable, facts: readonly ReportedFact[]): string | null {
  if (status === 'sent' || status === 'delivered') return null;
  return facts.findLast(({ type }) => type === status)?.detail ?? null;
}

/** Nobody where the provider names a stranger, as after a forward: the timeline tells, and no one is moved. */
function recipientsOf({ recipient }: ProviderEvent, recipients: readonly Recipient[]): readonly Recipient[] {
  if (recipient === null) return recipients;
  const email = toComparable(recipient);
  return recipients.filter((candidate) => candidate.email.toLowerCase() === email);
}

/** Only where it is certain whose bounce or complaint it was. */
function suppressionsOf(
  event: ProviderEvent,
  recipients: readonly Recipient[],
): ProviderFindings['suppressions'] {
  const reason = EFFECTS[event.type].suppresses;
  if (reason === null) return [];
  const [first] = recipientsOf(event, recipients);
  const isCertain = first && (event.recipient !== null || recipients.length === 1);
  return isCertain ? [{ email: first.email.toLowerCase(), reason }] : [];
}

/** Providers give addresses back as they please: with a name, in another case. */
function toComparable(text: string): string {
  const parsed = parseAddress(text);
  return (parsed.ok ? parsed.address.email : text).toLowerCase();
}
