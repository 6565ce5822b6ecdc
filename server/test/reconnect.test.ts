import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { openPostgres } from '../src/lib/db/postgres.ts';
import { type PostgresServer, startPostgres } from './support/postgres.ts';
import { isMissing } from './support/requires.ts';

/** Enough for a pause that grows with each failure to reach minutes. */
const FAILURES = 16;

describe.skipIf(isMissing('initdb', 'postgres'))('a database that goes away and comes back', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());

  test('is found again at once, however often it was looked for in vain', async () => {
    const database = openPostgres(server.url, { maxConnections: 2 });
    await database.ping();
    await server.kill9();
    for (let failure = 0; failure < FAILURES; failure += 1) {
      await expect(database.ping()).rejects.toThrow();
    }
    await server.restart();
    await database.ping();
    await database.close();
  });
});
