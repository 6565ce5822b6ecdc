import { and, asc, eq, inArray } from 'drizzle-orm';
import { messages } from '../../db/schema.ts';
import { isReportable } from '../messages/provider-events.ts';
import { deriveStatus, type MessageStatus } from '../messages/status.ts';
import type { Database, Db } from './database.ts';
import type { MessageOwner, Recipient } from './messages.ts';
import {
  listRecipientsOf,
  LOCKED_COLUMNS,
  type LockedMessage,
  type StatusChange,
  writeStatusChanges,
} from './status-changes.ts';

/** What a person can know, or wish, of a message whose provider's answer was lost. */
export const RESOLUTIONS = ['sent', 'failed', 'retry'] as const;
export type Resolution = (typeof RESOLUTIONS)[number];

/** On whose behalf: the owner whose messages may be touched (null for an administrator), and who it was, for the timeline. */
export type Actor = { owner: MessageOwner | null; by: string };

export type ActionResult =
  | { kind: 'done'; message: LockedMessage }
  /** It is in a state that does not allow this. */
  | { kind: 'refused'; status: MessageStatus }
  | { kind: 'missing' };

const BECOMES = { sent: 'sent', failed: 'failed', retry: 'queued' } as const satisfies Record<
  Resolution,
  MessageStatus
>;

/**
 * Ends an `unknown` by a person's word. `retry` sends again, to those recipients alone whose fate is unknown; whether that
 * duplicates a mail is that person's risk. The message comes back as it is now.
 */
export async function resolveMessage(
  database: Database,
  { messageId, as, actor }: { messageId: string; as: Resolution; actor: Actor },
): Promise<ActionResult> {
  return database.transaction(async (tx) => {
    const [message] = await lockMessages(tx, [messageId], actor);
    if (!message) return { kind: 'missing' };
    if (message.status !== 'unknown') return { kind: 'refused', status: message.status };
    const recipients = (await listRecipientsOf(tx, [messageId])).get(messageId) ?? [];
    const change = toResolution({ message, recipients, as, by: actor.by });
    await writeStatusChanges(tx, [change]);
    return { kind: 'done', message: afterChange(change) };
  });
}

/** Puts one `failed` message back into the queue; see {@link retryMessages}. */
export async function retryMessage(
  database: Database,
  { messageId, actor }: { messageId: string; actor: Actor },
): Promise<ActionResult> {
  return database.transaction(async (tx) => {
    const [message] = await lockMessages(tx, [messageId], actor);
    if (!message) return { kind: 'missing' };
    const [retried] = await retryLocked(tx, [message], actor.by);
    return retried ? { kind: 'done', message: retried } : { kind: 'refused', status: message.status };
  });
}

/**
 * Puts `failed` messages back into the queue, with all their attempts before them, for those recipients alone who failed.
 *
 * @returns those that were put back, which need jobs; others were not `failed`, or not this actor's
 */
export async function retryMessages(
  database: Database,
  { messageIds, actor }: { messageIds: readonly string[]; actor: Actor },
): Promise<LockedMessage[]> {
  if (messageIds.length === 0) return [];
  return database.transaction(async (tx) =>
    retryLocked(tx, await lockMessages(tx, messageIds, actor), actor.by),
  );
}

async function retryLocked(tx: Db, locked: readonly LockedMessage[], by: string): Promise<LockedMessage[]> {
  const failed = locked.filter(({ status }) => status === 'failed');
  const recipients = await listRecipientsOf(
    tx,
    failed.map(({ id }) => id),
  );
  const changes = failed.map((message): StatusChange => {
    const moved = move(recipients.get(message.id) ?? [], { from: 'failed', to: 'queued' });
    return {
      message,
      status: moved.status,
      recipients: moved.recipients,
      // The count is what decides when to give up: carried on, the first new attempt would be the last.
      attempts: 0,
      events: [{ type: 'retried', detail: by }],
    };
  });
  await writeStatusChanges(tx, changes);
  return changes.map(afterChange);
}

function toResolution({
  message,
  recipients,
  as,
  by,
}: {
  message: LockedMessage;
  recipients: readonly Recipient[];
  as: Resolution;
  by: string;
}): StatusChange {
  const moved = move(recipients, { from: 'unknown', to: BECOMES[as] });
  const detail = `as ${as} ${by}`;
  return {
    message,
    ...moved,
    ...(as === 'retry'
      ? { attempts: 0 }
      : { lastError: moved.status === 'sent' ? null : `resolved ${detail}` }),
    events: [
      { type: 'resolved', detail },
      // Other recipients may have met another end, which is then the message's.
      { type: isReportable(moved.status) ? moved.status : 'retried', detail: null },
    ],
  };
}

/** Who is in one state goes on to another, and the message follows. */
function move(recipients: readonly Recipient[], { from, to }: { from: MessageStatus; to: MessageStatus }) {
  const moving = recipients.filter(({ status }) => status === from);
  const status = deriveStatus(
    recipients.map((recipient) => (recipient.status === from ? to : recipient.status)),
  );
  return {
    status,
    recipients: moving.map(({ position }) => ({ position, from, status: to, response: null })),
  };
}

function afterChange({ message, status, attempts, lastError }: StatusChange): LockedMessage {
  return {
    ...message,
    status,
    attempts: attempts ?? message.attempts,
    lastError: lastError === undefined ? message.lastError : lastError,
  };
}

/** In the order of their ids, as everybody locks them. */
async function lockMessages(
  tx: Db,
  messageIds: readonly string[],
  { owner }: Actor,
): Promise<LockedMessage[]> {
  return tx
    .select(LOCKED_COLUMNS)
    .from(messages)
    .where(
      and(
        inArray(messages.id, [...messageIds]),
        owner === null
          ? undefined
          : and(eq(messages.clientId, owner.clientId), eq(messages.mode, owner.mode)),
      ),
    )
    .orderBy(asc(messages.id))
    .for('update');
}
