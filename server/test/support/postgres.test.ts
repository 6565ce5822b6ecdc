import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type PostgresServer, startPostgres } from './postgres.ts';
import { isMissing } from './requires.ts';

async function query(url: string, text: string): Promise<unknown[]> {
  const sql = new Bun.SQL(url, { max: 1 });
  try {
    return [...(await sql.unsafe(text))];
  } finally {
    await sql.close();
  }
}

describe.skipIf(isMissing('initdb', 'postgres'))('a private PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(async () => {
    await server?.stop();
  });

  test('syncs every commit', async () => {
    expect(await query(server.url, 'SHOW fsync')).toEqual([{ fsync: 'on' }]);
    expect(await query(server.url, 'SHOW synchronous_commit')).toEqual([{ synchronous_commit: 'on' }]);
  });

  test('gives databases that do not see each other, and drops them with clients inside', async () => {
    const [first, second] = await Promise.all([server.createDatabase(), server.createDatabase()]);
    await query(first.url, 'CREATE TABLE only_here (id int)');
    await expect(query(second.url, 'SELECT * FROM only_here')).rejects.toThrow();
    const client = new Bun.SQL(first.url, { max: 1 });
    await client.unsafe('SELECT 1');
    await first.drop();
    await client.close({ timeout: 0 });
    await second.drop();
    const left = await query(server.url, "SELECT datname FROM pg_database WHERE datname LIKE 'test_%'");
    expect(left).toEqual([]);
  });

  test('keeps what was committed through kill -9 and comes back on the same port', async () => {
    const database = await server.createDatabase();
    await query(database.url, 'CREATE TABLE kept (id int)');
    await query(database.url, 'INSERT INTO kept VALUES (7)');
    await server.kill9();
    await expect(query(database.url, 'SELECT 1')).rejects.toThrow();
    await server.restart();
    expect(await query(database.url, 'SELECT id FROM kept')).toEqual([{ id: 7 }]);
    await database.drop();
  });
});
