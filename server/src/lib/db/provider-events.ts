import { createHash } from 'node:crypto';
import { and, asc, eq, inArray, isNotNull, or } from 'drizzle-orm';
import { messageEvents, messages } from '../../db/schema.ts';
import { isMessageId } from '../messages/message-id.ts';
import { decideProviderEvents, type ProviderFindings } from '../messages/provider-events.ts';
import type { MessageStatus } from '../messages/status.ts';
import type { ProviderEvent } from '../providers/provider-event.ts';
import { codeOf } from './connection-error.ts';
import type { Database, Db } from './database.ts';
import {
  listRecipientsOf,
  LOCKED_COLUMNS,
  type LockedMessage,
  type StatusChange,
  writeStatusChanges,
} from './status-changes.ts';
import { addSuppressions, type NewSuppression } from './suppressions.ts';

/** What became of a batch of events. */
export type AppliedEvents = {
  /** Looked at for the first time, whether or not they changed a state. */
  applied: number;
  /** Known already: nothing was changed. */
  repeated: number;
  /** About no message that we know to have gone to that provider. */
  unmatched: number;
  /** Messages that changed their state. */
  moved: { messageId: string; traceId: string; from: MessageStatus; status: MessageStatus }[];
};

/** A transaction holds its locks no longer than this many events take. */
const MAX_EVENTS = 1000;

/** A worker that records the same messages at the same moment may take their locks in another order. */
const DEADLOCK = '40P01';
const MAX_TRIES = 5;

/**
 * Writes what a provider reports into timelines and states, each batch in one transaction. Repeating it changes nothing, so a provider may
 * (and does) tell the same thing twice, late, or in any order.
 */
export async function applyProviderEvents(
  database: Database,
  events: readonly ProviderEvent[],
): Promise<AppliedEvents> {
  const total: AppliedEvents = { applied: 0, repeated: 0, unmatched: 0, moved: [] };
  for (let start = 0; start < events.length; start += MAX_EVENTS) {
    const { applied, repeated, unmatched, moved } = await applyBatch(
      database,
      events.slice(start, start + MAX_EVENTS),
    );
    total.applied += applied;
    total.repeated += repeated;
    total.unmatched += unmatched;
    total.moved.push(...moved);
  }
  return total;
}

async function applyBatch(database: Database, events: readonly ProviderEvent[]): Promise<AppliedEvents> {
  for (let tries = 1; ; tries++) {
    try {
      return await database.transaction((tx) => applyInside(tx, events));
    } catch (error) {
      if (codeOf(error) !== DEADLOCK || tries >= MAX_TRIES) throw error;
    }
  }
}

async function applyInside(tx: Db, events: readonly ProviderEvent[]): Promise<AppliedEvents> {
  const matched = await matchEvents(tx, events);
  const known = await listKnownKeys(
    tx,
    matched.flatMap(({ events: ofMessage }) => ofMessage),
  );
  const fresh = matched
    .map(({ message, events: ofMessage }) => ({ message, events: takeFresh(ofMessage, known) }))
    .filter(({ events: ofMessage }) => ofMessage.length > 0);
  const found = await decideAll(tx, fresh);
  await writeStatusChanges(tx, found.map(toChange));
  await addSuppressions(tx, found.flatMap(toSuppressions));
  const matchedCount = sum(matched.map(({ events: ofMessage }) => ofMessage.length));
  const applied = sum(fresh.map(({ events: ofMessage }) => ofMessage.length));
  return {
    applied,
    repeated: matchedCount - applied,
    unmatched: events.length - matchedCount,
    moved: found.flatMap(({ message, findings: { status } }) =>
      status === message.status
        ? []
        : [{ messageId: message.id, traceId: message.traceId, from: message.status, status }],
    ),
  };
}

async function decideAll(tx: Db, matched: readonly Matched[]): Promise<Found[]> {
  const recipients = await listRecipientsOf(
    tx,
    matched.map(({ message }) => message.id),
  );
  return matched.map(({ message, events }) => ({
    message,
    findings: decideProviderEvents({ ...message, recipients: recipients.get(message.id) ?? [] }, events),
  }));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

type Matched = { message: LockedMessage; events: ProviderEvent[] };

/**
 * Finds, and locks, the message of each event: by the provider's own id first, because ours travels in a field that whoever shares the
 * provider's account might set. Either counts only for a message that was really handed to that provider.
 */
async function matchEvents(tx: Db, events: readonly ProviderEvent[]): Promise<Matched[]> {
  const candidates = await lockCandidates(tx, events);
  const carriers = await listCarriers(tx, candidates);
  const byId = new Map(candidates.map((message) => [message.id, message]));
  const byProviderId = new Map(
    candidates.map((message) => [`${message.provider} ${message.providerMessageId}`, message]),
  );
  const matched = new Map<string, Matched>();
  for (const event of events) {
    const message =
      byProviderId.get(`${event.provider} ${event.providerMessageId}`) ?? byId.get(event.messageId ?? '');
    if (!message || !carriers.has(`${message.id} ${event.provider}`)) continue;
    const entry = matched.get(message.id) ?? { message, events: [] };
    entry.events.push(event);
    matched.set(message.id, entry);
  }
  return [...matched.values()];
}

async function lockCandidates(tx: Db, events: readonly ProviderEvent[]): Promise<LockedMessage[]> {
  const ids = events.flatMap(({ messageId }) =>
    messageId !== null && isMessageId(messageId) ? messageId : [],
  );
  // PostgreSQL refuses NUL even in a question.
  const providerIds = events.flatMap(({ providerMessageId: id }) =>
    id === '' || id.includes('\0') ? [] : id,
  );
  return tx
    .select(LOCKED_COLUMNS)
    .from(messages)
    .where(
      or(
        inArray(messages.id, ids),
        and(isNotNull(messages.providerMessageId), inArray(messages.providerMessageId, providerIds)),
      ),
    )
    .orderBy(asc(messages.id))
    .for('update');
}

/** Which provider took, or may have taken, which message: a retry can have gone to another than the first attempt. */
async function listCarriers(tx: Db, candidates: readonly LockedMessage[]): Promise<Set<string>> {
  const rows = await tx
    .selectDistinct({ messageId: messageEvents.messageId, provider: messageEvents.provider })
    .from(messageEvents)
    .where(
      and(
        inArray(
          messageEvents.messageId,
          candidates.map(({ id }) => id),
        ),
        eq(messageEvents.type, 'handed_over'),
      ),
    );
  const told = new Set(rows.map(({ messageId }) => messageId));
  const untold = candidates.filter(({ id }) => !told.has(id)).flatMap(lastCarrierOf);
  return new Set([...rows, ...untold].map(({ messageId, provider }) => `${messageId} ${provider}`));
}

/** A message is kept longer than its timeline, and complaints come late: then its own row is what is left to know it by. */
function lastCarrierOf({ id, provider, handedOverAt }: LockedMessage) {
  // A provider that refused before the hand-over stands there too.
  return handedOverAt === null ? [] : [{ messageId: id, provider }];
}

async function listKnownKeys(tx: Db, events: readonly ProviderEvent[]): Promise<Set<string>> {
  const rows = await tx
    .select({ provider: messageEvents.provider, key: messageEvents.providerEventId })
    .from(messageEvents)
    .where(
      and(
        // The first column of the index.
        inArray(messageEvents.provider, [...new Set(events.map(({ provider }) => provider))]),
        isNotNull(messageEvents.providerEventId),
        inArray(messageEvents.providerEventId, events.map(toKey)),
      ),
    );
  return new Set(rows.map(({ provider, key }) => `${provider} ${key}`));
}

/** Marks as known what it takes, so that an event that stands twice in a batch is taken once. */
function takeFresh(events: readonly ProviderEvent[], known: Set<string>): ProviderEvent[] {
  return events.filter((event) => {
    const key = `${event.provider} ${toKey(event)}`;
    if (known.has(key)) return false;
    known.add(key);
    return true;
  });
}

const PLAIN_KEY = /^[\x20-\x7e]{1,200}$/;

/** Whatever a provider calls its event, as something that fits the index and that the database accepts. */
function toKey({ providerEventId }: ProviderEvent): string {
  if (PLAIN_KEY.test(providerEventId)) return providerEventId;
  return createHash('sha256').update(providerEventId).digest('hex');
}

type Found = { message: LockedMessage; findings: ProviderFindings };

function toChange({ message, findings }: Found): StatusChange {
  const { status, providerMessageId, lastError, recipients, facts } = findings;
  return {
    message,
    status,
    lastError,
    // Only text that can be asked for again is worth keeping, and only of the provider that the message names.
    ...(isTaken(message, findings) ? { providerMessageId } : {}),
    recipients,
    events: facts.map(({ type, recipient, detail, source, occurredAt }) => ({
      type,
      recipient,
      detail,
      provider: source?.provider ?? message.provider,
      providerEventId: source && toKey(source),
      createdAt: toEventTime(occurredAt),
    })),
  };
}

function isTaken(message: LockedMessage, { providerMessageId, facts }: ProviderFindings): boolean {
  if (providerMessageId === null || !PLAIN_KEY.test(providerMessageId)) return false;
  return facts.some(({ source }) => source?.provider === message.provider);
}

/** The provider's clock may be wrong or its time missing; nothing that we were told lies in the future. */
function toEventTime(occurredAt: Date): Date {
  const now = new Date();
  return occurredAt > new Date(0) && occurredAt < now ? occurredAt : now;
}

function toSuppressions({ message, findings }: Found): NewSuppression[] {
  // What a test key sends never meets a suppression list.
  if (message.mode !== 'live') return [];
  return findings.suppressions.map((suppression) => ({
    clientId: message.clientId,
    messageId: message.id,
    ...suppression,
  }));
}
