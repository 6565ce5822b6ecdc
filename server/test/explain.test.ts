import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { sql } from 'drizzle-orm';
import type { BlobStore } from '../src/lib/blobs/blob-store.ts';
import type { Database } from '../src/lib/db/database.ts';
import { claimAll } from '../src/lib/db/deliveries-claim.ts';
import {
  listUnfinished,
  oldestQueuedMs,
  promoteDue,
  untilNextDueMs,
} from '../src/lib/db/deliveries-unfinished.ts';
import { eraseRecipient, findMessageIdsTo } from '../src/lib/db/erasure.ts';
import { findFeedHead, readFeed, selectEventsBetween } from '../src/lib/db/event-feed.ts';
import { findPriorClaims, pruneIdempotencyKeys } from '../src/lib/db/idempotency.ts';
import { findInboxMessage } from '../src/lib/db/inbox.ts';
import { listMessagesWithContent } from '../src/lib/db/message-removal.ts';
import { chooseWalk, type MessageFilter, WALK_INDEXES } from '../src/lib/db/message-filters.ts';
import { listMessages } from '../src/lib/db/messages-list.ts';
import { findMessage, findUnsubscribable, listAttachments, listRecipients } from '../src/lib/db/messages.ts';
import { applyProviderEvents } from '../src/lib/db/provider-events.ts';
import { pruneBatch, RETENTION_KINDS } from '../src/lib/db/retention.ts';
import { countMessages } from '../src/lib/db/stats.ts';
import { findSuppression } from '../src/lib/db/suppressions.ts';
import { claimDelivery, pruneDeliveries, takeDue } from '../src/lib/db/webhooks-deliveries.ts';
import { type ExplainedDatabase, openExplained } from './support/explained-database.ts';
import { combinationsOf, LIST_CASES } from './support/list-cases.ts';
import {
  BUSY_CLIENT,
  fillCatalogue,
  fillTables,
  FIRST_MESSAGE_AT,
  isBigTable,
  isCatalogueTable,
  MESSAGE_EVERY_MS,
} from './support/many-rows.ts';
import { migrateDatabaseAt } from './support/migrate.ts';
import { acquirePostgres, type PostgresForFile } from './support/once-per-run.ts';
import { isFullRun, isMissing } from './support/requires.ts';
import type { TestDatabase } from './support/postgres.ts';

/** The less a table holds, the less the planner has to lose by reading it all: the small form would see a lost index as well. */
const MESSAGES = isFullRun() ? 1_000_000 : 40_000;

const HOUR_MS = 3_600_000;

/** Nothing of these messages is there. */
const NO_BLOBS: BlobStore = {
  put: async () => {},
  get: async () => null,
  delete: async () => {},
  list: async function* () {},
};

describe.skipIf(isMissing('initdb', 'postgres'))(`plans with ${MESSAGES} messages`, () => {
  let postgres: PostgresForFile;
  let storage: TestDatabase;
  let explained: ExplainedDatabase;

  beforeAll(async () => {
    postgres = await acquirePostgres();
    storage = await postgres.createDatabase();
    await migrateDatabaseAt(storage.url);
    await fillTables(storage.url, MESSAGES);
    await fillCatalogue(storage.url);
    explained = openExplained(storage.url);
  }, 1_200_000);

  afterAll(async () => {
    await explained.close();
    await storage.drop();
    await postgres.release();
  }, 60_000);

  const owner = { clientId: BUSY_CLIENT, mode: 'live' as const };
  const end = FIRST_MESSAGE_AT + MESSAGES * MESSAGE_EVERY_MS;
  const middle = new Date(FIRST_MESSAGE_AT + (MESSAGES / 2) * MESSAGE_EVERY_MS);
  const id = '019b76da-a800-7000-8000-000000000000';

  /** What the statements of some work read from end to end, and which indexes they use. */
  const look = async (work: (database: Database) => Promise<unknown>, isBig = isBigTable) => {
    const plans = await explained.plansOf(() => work(explained.database));
    expect(plans.length).toBeGreaterThan(0);
    return {
      scanned: plans.flatMap(({ scanned, statement }) =>
        scanned.filter(isBig).map((table) => `${table}: ${statement}`),
      ),
      indexes: plans.flatMap(({ indexes }) => indexes),
    };
  };

  const FILTERS: MessageFilter[] = [
    { status: 'failed' },
    { status: 'delivered' },
    { recipient: 'boss@example.net' },
    { recipient: 'user7@example.net' },
    { template: 'template-3' },
    { template: 'template-3', templateVersion: 2 },
    { template: 'never-sent' },
    { tags: [['campaign', 'c9']] },
    { provider: 'smtp' },
    { traceId: '0'.repeat(32) },
  ];
  const PAIRS = combinationsOf(FILTERS, 2);
  /** Those of which each has an index of its own, and one that has none. */
  const TRIPLES = combinationsOf<MessageFilter>(
    [
      { status: 'failed' },
      { recipient: 'user7@example.net' },
      { template: 'template-3' },
      { tags: [['campaign', 'c9']] },
      { provider: 'smtp' },
      { traceId: '0'.repeat(32) },
    ],
    3,
  ).filter((filter) => Object.keys(filter).length === 3);
  const TIMES: Pick<MessageFilter, 'since' | 'until'>[] = [
    {},
    { since: middle },
    { until: middle },
    { since: middle, until: new Date(middle.getTime() + HOUR_MS) },
  ];

  test('every filter, every pair of them, and threes, in every kind of time, walks along its index', async () => {
    for (const filter of [{}, ...PAIRS, ...TRIPLES]) {
      for (const times of TIMES) {
        const request = { owner, filter: { ...filter, ...times }, before: null, limit: 20 };
        const found = await look(({ db }) => listMessages(db, request));
        // Of an hour there is so little that any index which knows the time may be the best.
        const isShort = times.since !== undefined && times.until !== undefined;
        const isOnIndex = isShort || found.indexes.includes(WALK_INDEXES[chooseWalk(filter)]);
        expect([request.filter, found.scanned, isOnIndex]).toEqual([request.filter, [], true]);
      }
    }
  }, 600_000);

  test('a page behind another begins where that ended', async () => {
    for (const filter of [{}, ...FILTERS]) {
      const first = await listMessages(explained.database.db, { owner, filter, before: null, limit: 5 });
      const before = first.next ?? id;
      const found = await look(({ db }) => listMessages(db, { owner, filter, before, limit: 5 }));
      expect([filter, found.scanned]).toEqual([filter, []]);
    }
  }, 120_000);

  test('statistics read one index', async () => {
    for (const clientId of [BUSY_CLIENT, null]) {
      for (const hours of [1, 24, 24 * 30]) {
        const starts = Array.from({ length: hours }, (_, hour) => new Date(end - (hours - hour) * HOUR_MS));
        const request = { clientId, mode: 'live' as const, starts, until: new Date(end) };
        const found = await look(({ db }) => countMessages(db, request));
        expect([hours, found.scanned, found.indexes]).toEqual([hours, [], ['messages_client_id']]);
      }
    }
  }, 120_000);

  test.each([...LIST_CASES])('$name: walks along an index of its own', async ({ work, follows }) => {
    const found = await look(work, (table) => isBigTable(table) || isCatalogueTable(table));
    const isOnIndex = follows.some((index) => found.indexes.includes(index));
    expect({ ...found, isOnIndex }).toEqual({ scanned: [], indexes: expect.anything(), isOnIndex: true });
  });

  const address = { clientId: BUSY_CLIENT, address: 'user7@example.net' };
  const LOOK_UPS: [string, (database: Database) => Promise<unknown>][] = [
    ['a message by its id', ({ db }) => findMessage(db, id, owner)],
    ['a message of an unsubscribe link', ({ db }) => findUnsubscribable(db, id)],
    ['recipients of a message', ({ db }) => listRecipients(db, id)],
    ['attachments of a message', ({ db }) => listAttachments(db, id)],
    ['messages to deliver', (database) => claimAll(database, [id], 1000)],
    [
      'messages that lost their jobs',
      (database) => listUnfinished(database, { idleMs: 0, after: null, limit: 100 }),
    ],
    ['the oldest that waits', (database) => oldestQueuedMs(database)],
    ['scheduled messages that are due', (database) => promoteDue(database, { limit: 5 })],
    ['the next that is due', (database) => untilNextDueMs(database)],
    [
      'the messages of provider events',
      (database) =>
        applyProviderEvents(database, [
          {
            type: 'delivered',
            provider: 'ses',
            providerMessageId: 'c4ca4238a0b923820dcc509a6f75849b',
            messageId: id,
            providerEventId: 'one',
            recipient: 'user1@example.net',
            occurredAt: middle,
            detail: 'x',
          },
        ]),
    ],
    ['a mail of the inbox', ({ db }) => findInboxMessage(db, id, owner)],
    ['a suppression', ({ db }) => findSuppression(db, { clientId: BUSY_CLIENT, email: 'a@example.net' })],
    [
      'an idempotency key',
      ({ db }) =>
        findPriorClaims(db, [
          {
            ownerId: BUSY_CLIENT,
            mode: 'live',
            method: 'POST',
            path: '/v1/messages',
            key: 'k',
            requestHash: 'x',
          },
        ]),
    ],
    ['idempotency keys whose time is over', ({ db }) => pruneIdempotencyKeys(db)],
    [
      'the next events',
      async ({ db }) => readFeed(db, { after: await findFeedHead(db), clientIds: [BUSY_CLIENT] }),
    ],
    [
      'events of an hour',
      ({ db }) =>
        selectEventsBetween(db, {
          owner,
          since: middle,
          until: new Date(middle.getTime() + HOUR_MS / 10),
          limit: 100,
        }),
    ],
    ['the messages to an address', (database) => findMessageIdsTo(database.db, { ...address, after: null })],
    [
      'the next messages to an address',
      (database) => findMessageIdsTo(database.db, { ...address, after: id }),
    ],
    [
      'what an erasure changes',
      (database) =>
        eraseRecipient({ database, blobs: NO_BLOBS }, { clientId: BUSY_CLIENT, email: 'user99@example.net' }),
    ],
    ...RETENTION_KINDS.map((kind): [string, (database: Database) => Promise<unknown>] => [
      `what retention removes (${kind})`,
      (database) =>
        pruneBatch({ database, blobs: NO_BLOBS }, { kind, before: middle, after: null, limit: 20 }),
    ]),
    ['the messages of blobs', (database) => listMessagesWithContent(database, [id])],
    ['a webhook to deliver', ({ db }) => claimDelivery(db, id, { leaseMs: 1000 })],
    ['webhooks that are due', ({ db }) => takeDue(db, { limit: 100 })],
    ['old webhooks', ({ db }) => pruneDeliveries(db, { before: new Date(0), limit: 100 })],
  ];

  test.each(LOOK_UPS)(
    '%s: found by an index',
    async (_name, work) => {
      expect((await look(work)).scanned).toEqual([]);
    },
    60_000,
  );

  test('a statement without an index would be seen', async () => {
    const found = await look(({ db }) =>
      db.execute(sql`select id from messages where from_address = 'nobody'`),
    );
    expect(found.scanned).toHaveLength(1);
  });
});
