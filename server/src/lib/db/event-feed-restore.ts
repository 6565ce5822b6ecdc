import { eq, sql } from 'drizzle-orm';
import { eventFeedCursors, messageEvents, webhookEndpoints } from '../../db/schema.ts';
import type { Database, Db } from './database.ts';

/** Numbers below every transaction's own: for what readers had seen before a restore, and what they had not. */
const SEEN = '1';
const UNSEEN = '2';

/**
 * Puts the feed in order in a database that was restored from a dump: its events name transactions of the server that they come from,
 * which are ahead of this one's, so that nothing would be read until this one has caught up. What the webhooks' reader had read
 * stays read, and the rest comes next. Rewrites every event, once.
 *
 * @returns false where nothing had to be done
 */
export async function repairRestoredFeed(database: Database): Promise<boolean> {
  if (!(await isAhead(database.db))) return false;
  await database.transaction(async (tx) => {
    const [cursor] = await tx
      .select()
      .from(eventFeedCursors)
      .where(eq(eventFeedCursors.reader, 'webhooks'))
      .for('update');
    if (!cursor || !(await isAhead(tx))) return;
    const isUnseen = sql`(${messageEvents.txid}, ${messageEvents.id}) > (${cursor.txid}::xid8, ${cursor.eventId}::bigint)`;
    await tx
      .update(messageEvents)
      .set({ txid: sql`case when ${isUnseen} then ${UNSEEN}::xid8 else ${SEEN}::xid8 end` });
    await tx.update(webhookEndpoints).set({ sinceTxid: SEEN });
    await tx
      .update(eventFeedCursors)
      .set({ txid: SEEN, eventId: Number.MAX_SAFE_INTEGER, updatedAt: sql`now()` })
      .where(eq(eventFeedCursors.reader, 'webhooks'));
  });
  return true;
}

/** A transaction that has not begun cannot have written anything: its number is another server's. */
async function isAhead(db: Db): Promise<boolean> {
  const notBegun = sql`pg_snapshot_xmax(pg_current_snapshot())`;
  const [row] = await db
    .select({
      isAhead: sql<boolean>`exists (select 1 from ${messageEvents} where ${messageEvents.txid} >= ${notBegun})
        or exists (select 1 from ${eventFeedCursors} where ${eventFeedCursors.txid} > ${notBegun})`,
    })
    .from(sql`(select 1) as one`);
  return row?.isAhead ?? false;
}
