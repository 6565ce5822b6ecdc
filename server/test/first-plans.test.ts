import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Database } from '../src/lib/db/database.ts';
import { checkpointAll, revokeHandOver } from '../src/lib/db/deliveries-checkpoint.ts';
import { claimAll } from '../src/lib/db/deliveries-claim.ts';
import { recordAll } from '../src/lib/db/deliveries-record.ts';
import { type ExplainedDatabase, openExplained } from './support/explained-database.ts';
import { fillTables } from './support/many-rows.ts';
import { migrateDatabaseAt } from './support/migrate.ts';
import { acquirePostgres, type PostgresForFile } from './support/once-per-run.ts';
import { isMissing } from './support/requires.ts';

/** A worker's statements keep the plans they were first given, while tables grow and queues fill behind them. */
describe.skipIf(isMissing('initdb', 'postgres'))('plans that are made while tables are small', () => {
  let postgres: PostgresForFile;

  beforeAll(async () => {
    postgres = await acquirePostgres();
  });
  afterAll(() => postgres.release());

  const lease = { messageId: Bun.randomUUIDv7(), token: crypto.randomUUID() };
  const rendered = { subject: 'x', engineVersion: null, renderHash: 'x' };
  const handOver = { lease, provider: 'smtp', rendered, detail: null, keptBodyBlob: null, before: [] };
  const outcome = {
    status: 'sent' as const,
    lastError: null,
    providerMessageId: null,
    isRefunded: false,
    retryAfterMs: null,
    recipients: [],
    events: [],
  };
  const ended = { lease, provider: 'smtp', outcome, retryMs: null, before: [] };
  const STATEMENTS: [string, (database: Database) => Promise<unknown>][] = [
    ['claim', (database) => claimAll(database, [lease.messageId], 1000)],
    ['checkpoint', (database) => checkpointAll(database, [handOver])],
    ['revoke', (database) => Promise.allSettled([revokeHandOver(database, lease)])],
    ['record', (database) => recordAll(database, [ended])],
  ];

  const SIZES: [messages: number, isAnalyzed: boolean][] = [
    [0, false],
    [20, false],
    [20, true],
    [300, false],
    [300, true],
    [3000, false],
    [3000, true],
  ];

  test.each(SIZES)(
    'with %d messages, analyzed: %p, every row is looked up by its key',
    async (messages, isAnalyzed) => {
      const storage = await postgres.createDatabase();
      let explained: ExplainedDatabase | null = null;
      try {
        await migrateDatabaseAt(storage.url);
        await fillTables(storage.url, messages, { isAnalyzed });
        const opened = openExplained(storage.url);
        explained = opened;
        for (const [name, work] of STATEMENTS) {
          const plans = await opened.plansOf(() => work(opened.database));
          expect(plans.map(({ scanned, walked }) => [name, ...scanned, ...walked])).toEqual([[name]]);
          expect(plans[0]?.indexes).toContain('messages_pkey');
        }
      } finally {
        await explained?.close();
        await storage.drop();
      }
    },
    120_000,
  );
});
