import { describe, expect, test } from 'bun:test';
import { acquirePostgres, acquireRedis } from './once-per-run.ts';
import { isMissing } from './requires.ts';

describe.skipIf(isMissing('initdb', 'postgres'))('the PostgreSQL of a run', () => {
  test('gives a file an empty database, in a whole run and alone', async () => {
    const postgres = await acquirePostgres();
    const database = await postgres.createDatabase();
    const sql = new Bun.SQL(database.url, { max: 1 });
    const tables = await sql`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`;
    await sql.close();
    await database.drop();
    await postgres.release();
    expect([...tables]).toEqual([]);
  });
});

describe.skipIf(isMissing('redis-server'))('the Redis of a run', () => {
  test('gives a file an empty database, in a whole run and alone', async () => {
    const redis = await acquireRedis();
    const client = new Bun.RedisClient(await redis.createDatabase());
    const size: unknown = await client.send('DBSIZE', []);
    client.close();
    await redis.release();
    expect(size).toBe(0);
  });
});
