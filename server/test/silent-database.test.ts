import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { sql } from 'drizzle-orm';
import { createEnqueuer } from '../src/api/accepting/enqueuer.ts';
import { createIntake } from '../src/api/accepting/intake.ts';
import { monthOf } from '../src/lib/db/client-usage.ts';
import type { Database } from '../src/lib/db/database.ts';
import { openPostgres } from '../src/lib/db/postgres.ts';
import { createLogger } from '../src/lib/telemetry/logger.ts';
import { createMetrics } from '../src/lib/telemetry/metrics.ts';
import { SILENT_TRACER } from '../src/lib/telemetry/tracer.ts';
import { migrateDatabaseAt } from './support/migrate.ts';
import { NO_QUEUE, scheduledMessage, unitOf } from './support/new-messages.ts';
import { acquirePostgres, type PostgresForFile } from './support/once-per-run.ts';
import type { TestDatabase } from './support/postgres.ts';
import { isMissing } from './support/requires.ts';
import { type SilentProxy, startSilentProxy } from './support/silent-proxy.ts';
import { waitFor } from './support/wait-for.ts';

const SILENCE_MS = 1500;

describe.skipIf(isMissing('initdb', 'postgres'))('a database that no longer answers', () => {
  let postgres: PostgresForFile;
  let storage: TestDatabase;
  let proxy: SilentProxy;
  /** Through the proxy, and beside it. */
  let database: Database;
  let witness: Database;

  beforeAll(async () => {
    postgres = await acquirePostgres();
    storage = await postgres.createDatabase();
    await migrateDatabaseAt(storage.url);
    const url = new URL(storage.url);
    proxy = await startSilentProxy(Number(url.port));
    url.port = String(proxy.port);
    database = openPostgres(url.href, { silenceMs: SILENCE_MS });
    witness = openPostgres(storage.url, { maxConnections: 1 });
  }, 60_000);

  afterAll(async () => {
    await Promise.all([database.close(), witness.close()]);
    await proxy[Symbol.asyncDispose]();
    await storage.drop();
    await postgres.release();
  });

  const newClient = async (quotaLimit: number | null) => {
    const id = Bun.randomUUIDv7();
    await witness.db.execute(
      sql`insert into clients (id, name, quota_limit) values (${id}::uuid, ${id}, ${quotaLimit}::int)`,
    );
    return id;
  };

  const countOf = async (clientId: string) => {
    const [row] = await witness.query<{ messages: number; used: number | null }>(
      `select (select count(*)::int from messages where client_id = $1::uuid) as messages,
        (select sum(accepted)::int from client_usage where client_id = $1::uuid) as used`,
      [clientId],
    );
    return row;
  };

  test('fails what waits for it, and takes the next on another connection', async () => {
    await database.ping();
    const word = `heard-${Bun.randomUUIDv7()}`;
    proxy.silenceAt(word);
    const ask = async () => database.db.execute(sql`select ${word}::text`);
    await expect(ask()).rejects.toThrow();
    await database.ping();
  });

  test('is waited for as long as it says something', async () => {
    // Each row is a word, and the whole takes longer than any silence may.
    const rows = await database.transaction((tx) =>
      tx.execute(sql`select pg_sleep(0.3)::text, repeat('x', 20000) from generate_series(1, 8)`),
    );
    expect(rows).toHaveLength(8);
  });

  test.each([
    ['without a quota, in one statement', null],
    ['with a quota, at the commit', 5],
  ])('holds no slot of the intake for long, %s, and a retry finds what was kept', async (_name, quota) => {
    const clientId = await newClient(quota);
    const intake = createIntake({
      database,
      addJobsInTransaction: null,
      enqueuer: createEnqueuer({
        queue: NO_QUEUE,
        logger: createLogger({ level: 'silent' }),
        metrics: createMetrics(),
        tracer: SILENT_TRACER,
      }),
      maxWaiting: 1000,
      maxIntakeMs: 200,
      hasRoom: () => true,
    });
    const isOpen = () => {
      try {
        intake.assertOpen();
        return true;
      } catch {
        return null;
      }
    };
    const newUnit = (key: string) => {
      const claim = {
        ownerId: clientId,
        mode: 'live',
        method: 'POST',
        path: '/v1/messages',
        key,
        requestHash: 'h',
      } as const;
      const unit = unitOf(scheduledMessage({ clientId }), claim);
      return { ...unit, usage: quota === null ? null : { clientId, month: monthOf(new Date()) } };
    };
    // The statement is known to the connections from then on, and goes to the server at once.
    for (const key of ['warm', 'up']) await intake.accept(newUnit(key));
    const lost = [newUnit('a'), newUnit('b')];
    const words = quota === null ? lost.map(({ messages }) => messages[0]?.row.id ?? '') : ['COMMIT'];
    const endings = words.map((word) => proxy.silenceAt(word));
    for (const unit of lost) await expect(intake.accept(unit)).rejects.toMatchObject({ reason: 'database' });
    expect(isOpen()).toBeNull();
    for (const end of endings) end();
    await waitFor('the intake to be open again', isOpen);
    expect(await countOf(clientId)).toEqual({ messages: 4, used: quota === null ? null : 4 });
    for (const [index, key] of ['a', 'b'].entries()) {
      const response = JSON.stringify({ messageId: lost[index]?.messages[0]?.row.id });
      expect(await intake.accept(newUnit(key))).toEqual({
        kind: 'claimed',
        prior: { kind: 'answered', status: 202, response },
      });
    }
    expect(await countOf(clientId)).toMatchObject({ messages: 4 });
  });
});
