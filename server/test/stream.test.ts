import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { eq, sql } from 'drizzle-orm';
import { parseConfig } from '../src/config.ts';
import { apiKeys, eventFeedCursors, messageEvents } from '../src/db/schema.ts';
import { type RunningService, startService } from '../src/index.ts';
import { createApiKey, parseApiKey } from '../src/lib/auth/api-key.ts';
import type { Database, Db } from '../src/lib/db/database.ts';
import { findFeedHead, readFeed } from '../src/lib/db/event-feed.ts';
import { repairRestoredFeed } from '../src/lib/db/event-feed-restore.ts';
import { openPostgres } from '../src/lib/db/postgres.ts';
import { createLogger } from '../src/lib/telemetry/logger.ts';
import { type EventReader, type EventReaderOptions, openEventReader } from './support/event-reader.ts';
import { migrateDatabaseAt } from './support/migrate.ts';
import { isMissing } from './support/requires.ts';
import {
  createCaller,
  createClient,
  createStorage,
  describeOnBothProfiles,
  startSystem,
  type TestStorage,
  type TestSystem,
} from './support/system.ts';
import { waitFor } from './support/wait-for.ts';

const MAIL = { to: 'ada@example.net', subject: 'Hello', text: 'Hello', tags: { kind: 'greeting' } };

/** A fact of a message by itself, numbered, so that order and completeness can be told. */
async function addEvent(db: Db, message: { id: string; clientId: string }, detail: string): Promise<void> {
  await db
    .insert(messageEvents)
    .values({ messageId: message.id, clientId: message.clientId, type: 'opened', attempt: 1, detail });
}

const detailsOf = (reader: EventReader) => reader.events.map(({ data }) => String(data.detail));

describeOnBothProfiles('the live stream', (profile) => {
  let system: TestSystem;
  let client: { clientId: string; live: string; test: string };
  const readers: EventReader[] = [];

  beforeAll(async () => {
    system = await startSystem(profile);
  }, 60_000);
  afterAll(() => system.stop());
  beforeEach(async () => {
    client = await createClient(system.call, system.keys.admin);
  });
  afterEach(async () => {
    await Promise.all(readers.splice(0).map((reader) => reader.close()));
  });

  async function open(options: Partial<EventReaderOptions> = {}): Promise<EventReader> {
    const reader = await openEventReader(system.url, { key: client.live, ...options });
    readers.push(reader);
    return reader;
  }

  async function sendOne(body = MAIL): Promise<{ id: string; clientId: string }> {
    const id = await system.send(body, client.live);
    await system.waitUntilEnded(id, client.live);
    return { id, clientId: client.clientId };
  }

  test('tells of each event of the key’s client and mode, once and in order', async () => {
    const reader = await open();
    expect(reader.headers.get('content-type')).toBe('text/event-stream');
    expect(reader.headers.get('x-request-id')).toBeString();
    const other = await createClient(system.call, system.keys.admin);
    await system.send(MAIL, other.live);
    await system.send(MAIL, client.test);
    const { id } = await sendOne();
    const timeline = await system.timelineOf(id, client.live);
    const events = await reader.waitForEvents(timeline.length);
    expect(events.map(({ type }) => type)).toEqual(timeline);
    expect(events.every(({ data }) => data.messageId === id)).toBe(true);
    expect(events.at(-1)?.data).toMatchObject({
      type: 'sent',
      status: 'sent',
      recipient: 'ada@example.net',
      attempt: 1,
      provider: 'smtp',
      template: null,
      tags: { kind: 'greeting' },
    });
  });

  test('filters', async () => {
    const first = await sendOne();
    const since = new Date(Date.now() - 60_000).toISOString();
    const { traceId } = (await system.call('GET', `/v1/messages/${first.id}`, { key: client.live })).body;
    const asks = [
      [`?since=${since}&recipient=ada@EXAMPLE.net`, true],
      [`?since=${since}&recipient=ADA@example.net`, true],
      [`?since=${since}&recipient=bob@example.net`, false],
      [`?since=${since}&provider=smtp`, true],
      [`?since=${since}&provider=ses`, false],
      [`?since=${since}&traceId=${traceId}`, true],
      [`?since=${since}&traceId=${'0'.repeat(32)}`, false],
      [`?since=${since}&status=sent&tag.kind=greeting`, true],
      [`?since=${since}&status=bounced`, false],
      [`?since=${since}&tag.kind=other`, false],
      [`?since=${since}&template=welcome`, false],
      [`?since=${since}&template=welcome@3`, false],
    ] as const;
    const filtered = await Promise.all(asks.map(async ([query]) => open({ query })));
    const all = await open({ query: `?since=${since}` });
    await addEvent(system.database.db, first, 'last');
    await waitFor('the last', () => (detailsOf(all).includes('last') ? true : null));
    await Promise.all(
      asks.map(async ([, isWanted], index) => {
        const reader = filtered[index];
        if (!reader) throw new Error('no reader');
        if (isWanted) await waitFor('the last', () => (detailsOf(reader).includes('last') ? true : null));
        else expect(reader.events).toEqual([]);
      }),
    );
    const wrong = [
      'colour=red',
      'status=lost',
      'tag.=x',
      'since=soon',
      'recipient=nobody',
      'limit=5',
      'traceId=x',
    ];
    for (const query of wrong.map((parameter) => `?${parameter}`)) {
      expect((await open({ query })).status).toBe(422);
    }
  });

  test('resumes behind the last id, without a gap or a repetition', async () => {
    const message = await sendOne();
    const before = await open();
    for (let n = 0; n < 10; n++) await addEvent(system.database.db, message, String(n));
    const seen = await before.waitForEvents(4);
    const lastEventId = seen[3]?.id ?? '';
    await before.close();
    const after = await open({ lastEventId });
    await waitFor('the rest', () => (after.events.length >= 6 ? true : null));
    await addEvent(system.database.db, message, 'new');
    await after.waitForEvents(7);
    expect(detailsOf(after)).toEqual(['4', '5', '6', '7', '8', '9', 'new']);
  });

  test('the first line already says where to resume from', async () => {
    const message = await sendOne();
    const early = await open();
    await waitFor('an id', () => (early.lastEventId === '' ? null : true));
    await early.close();
    await addEvent(system.database.db, message, 'missed');
    const late = await open({ lastEventId: early.lastEventId });
    await waitFor('it', () => (detailsOf(late).includes('missed') ? true : null));
  });

  test.each(['nonsense', 'MTIz', Buffer.from('99999999999999999.1').toString('base64url')])(
    'refuses to resume from %s',
    async (lastEventId) => {
      expect((await open({ lastEventId })).status).toBe(422);
    },
  );

  test('needs a client’s key that may read', async () => {
    expect((await open({ key: system.keys.admin })).status).toBe(403);
    expect((await open({ key: 'mk_live_nothing' })).status).toBe(401);
    const { body } = await system.call('POST', `/v1/clients/${client.clientId}/keys`, {
      key: system.keys.admin,
      body: { name: 'sender', scopes: ['send'] },
    });
    expect((await open({ key: String(body.key) })).status).toBe(403);
  });

  test('ends when its key is revoked', async () => {
    const reader = await open();
    const prefix = parseApiKey(client.live)?.prefix ?? '';
    await system.database.db
      .update(apiKeys)
      .set({ revokedAt: sql`now()` })
      .where(eq(apiKeys.prefix, prefix));
    await reader.ended;
    expect(reader.comments).toContain('the key is no longer valid');
  });

  test('a client has twenty at most, and gets the place back when it leaves', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => open()));
    expect(all.map(({ status }) => status)).toEqual(Array<number>(20).fill(200));
    const refused = await open();
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('5');
    await all[0]?.close();
    await waitFor('a free place', async () => ((await open()).status === 200 ? true : null));
  });
});

describe('the service with open streams', () => {
  test('says so and stops at once', async () => {
    const system = await startSystem('embedded', { SHUTDOWN_GRACE_MS: '60000' });
    const reader = await openEventReader(system.url, { key: system.keys.live });
    await waitFor('an id', () => (reader.lastEventId === '' ? null : true));
    await system.stop();
    await reader.ended;
    expect(reader.comments).toContain('the service is stopping: resume from the last id');
  }, 30_000);
});

describe.skipIf(isMissing('initdb', 'postgres', 'redis-server'))('the feed on PostgreSQL', () => {
  const admin = createApiKey('live').text;
  const apis: RunningService[] = [];
  let storage: TestStorage;
  let writers: Database;
  let key: string;
  let message: { id: string; clientId: string };

  const urlOf = (index: number) => apis[index % apis.length]?.url ?? '';

  beforeAll(async () => {
    storage = await createStorage('production');
    const { DATABASE_URL = '' } = storage.env;
    await migrateDatabaseAt(DATABASE_URL);
    const env = {
      SERVICE_ROLE: 'API',
      SHUTDOWN_DRAIN_MS: '0',
      HOST: '127.0.0.1',
      PORT: '0',
      ADMIN_API_KEY: admin,
      ...storage.env,
    };
    // Two instances in all but their memory: connections, a feed and a port each.
    for (let n = 0; n < 2; n++)
      apis.push(await startService(parseConfig(env), createLogger({ level: 'silent' })));
    writers = openPostgres(DATABASE_URL, { maxConnections: 10 });
    const call = createCaller(urlOf(0));
    const { clientId, live } = await createClient(call, admin);
    key = live;
    const { body } = await call('POST', '/v1/messages', { key, body: MAIL });
    message = { id: String(body.messageId), clientId };
  }, 60_000);

  afterAll(async () => {
    await Promise.all(apis.map((api) => api.stop()));
    await writers.close();
    await storage.release();
  });

  test('waits for a transaction that took its id earlier and commits later', async () => {
    const { db } = writers;
    const after = await findFeedHead(db);
    const clientIds = [message.clientId];
    const early = Promise.withResolvers<void>();
    const mayCommit = Promise.withResolvers<void>();
    const slow = writers.transaction(async (tx) => {
      await addEvent(tx, message, 'early');
      early.resolve();
      await mayCommit.promise;
    });
    await early.promise;
    await addEvent(db, message, 'late');
    const ofTest = ({ detail }: { detail: string | null }) => detail === 'early' || detail === 'late';
    const meanwhile = await readFeed(db, { after, clientIds });
    expect(meanwhile.events.filter(ofTest)).toEqual([]);
    mayCommit.resolve();
    await slow;
    const events = await waitFor('both', async () => {
      const page = await readFeed(db, { after: meanwhile.next, clientIds });
      const found = page.events.filter(ofTest);
      return found.length >= 2 ? found : null;
    });
    expect(events.map(({ detail }) => detail)).toEqual(['early', 'late']);
  });

  test('goes on behind what was read after a restore from a server that was ahead', async () => {
    const { db } = writers;
    expect(await repairRestoredFeed(writers)).toBe(false);
    for (const [index, detail] of ['read', 'at the cursor', 'unread'].entries()) {
      await addEvent(db, message, detail);
      const txid = String(8_000_000_000 + index);
      await db.update(messageEvents).set({ txid }).where(eq(messageEvents.detail, detail));
    }
    const [atCursor] = await db.select().from(messageEvents).where(eq(messageEvents.detail, 'at the cursor'));
    const place = { txid: atCursor?.txid ?? '', eventId: atCursor?.id ?? 0 };
    await db.update(eventFeedCursors).set(place);
    expect(await repairRestoredFeed(writers)).toBe(true);
    expect(await repairRestoredFeed(writers)).toBe(false);
    await addEvent(db, message, 'new');
    const [cursor] = await db.select().from(eventFeedCursors);
    const after = { txid: cursor?.txid ?? '', id: cursor?.eventId ?? 0 };
    const { events } = await waitFor('both', async () => {
      const page = await readFeed(db, { after, clientIds: [message.clientId] });
      return page.events.length >= 2 ? page : null;
    });
    expect(events.map(({ detail }) => detail)).toEqual(['unread', 'new']);
  });

  test('pages hold what they should, however small', async () => {
    const { db } = writers;
    const after = await findFeedHead(db);
    await writers.transaction(async (tx) => {
      for (let n = 0; n < 5; n++) await addEvent(tx, message, `a${n}`);
    });
    for (let n = 0; n < 4; n++) await addEvent(db, message, `b${n}`);
    const seen: unknown[] = [];
    let next = after;
    await waitFor('nine', async () => {
      const page = await readFeed(db, { after: next, clientIds: [message.clientId], pageRows: 2 });
      expect(page.events.length).toBeLessThanOrEqual(2);
      // Other tests share the server, and their transactions may keep earlier events in the future.
      seen.push(...page.events.flatMap(({ detail }) => (/^[ab]\d$/.test(detail ?? '') ? [detail] : [])));
      ({ next } = page);
      return seen.length >= 9 ? seen : null;
    });
    expect(seen).toEqual(['a0', 'a1', 'a2', 'a3', 'a4', 'b0', 'b1', 'b2', 'b3']);
    const others = await readFeed(db, { after, clientIds: [Bun.randomUUIDv7()], pageRows: 2 });
    expect(others).toMatchObject({ events: [], isAtHead: false });
  });

  const stormOf = (reader: EventReader) =>
    detailsOf(reader).filter((detail) => /^\d+\.\d+\.[ab]$/.test(detail));

  /** Reads from one instance, then from the other, a few events at a time, until the last has come. */
  async function readInStorms(start: number, lastEventId: string, isLast: (details: string[]) => boolean) {
    const seen: string[] = [];
    let last = lastEventId;
    for (let turn = start; !isLast(seen); turn++) {
      const reader = await openEventReader(urlOf(turn), { key, lastEventId: last });
      await waitFor('a few events', () =>
        reader.events.length > turn % 7 || isLast(seen.concat(stormOf(reader))) ? true : null,
      );
      await reader.close();
      seen.push(...stormOf(reader));
      last = reader.lastEventId;
    }
    return seen;
  }

  test('readers that reconnect all the time miss and repeat nothing while commits overtake each other', async () => {
    const first = await openEventReader(urlOf(0), { key });
    await waitFor('an id', () => (first.lastEventId === '' ? null : true));
    const steady = await openEventReader(urlOf(1), { key, lastEventId: first.lastEventId });
    const WRITERS = 8;
    const ROUNDS = 25;
    const all = WRITERS * ROUNDS * 2;
    const isAll = (details: string[]) => details.length >= all;
    const reading = [0, 1, 2, 3].map((start) => readInStorms(start, first.lastEventId, isAll));
    const writing = Array.from({ length: WRITERS }, async (_, writer) => {
      for (let round = 0; round < ROUNDS; round++) {
        await writers.transaction(async (tx) => {
          await addEvent(tx, message, `${writer}.${round}.a`);
          // The database's own pause, so that others begin later and commit earlier.
          await tx.execute(sql`select pg_sleep(${((writer * 7 + round * 3) % 10) / 500})`);
          await addEvent(tx, message, `${writer}.${round}.b`);
        });
      }
    });
    await Promise.all(writing);
    const sequences = await Promise.all(reading);
    await waitFor('all of them', () => (stormOf(steady).length >= all ? true : null));
    const order = stormOf(steady);
    expect(new Set(order).size).toBe(all);
    expect(order).toHaveLength(all);
    for (const sequence of sequences) expect(sequence).toEqual(order);
    await Promise.all([first.close(), steady.close()]);
  });
});
