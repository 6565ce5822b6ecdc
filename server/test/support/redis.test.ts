import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type RedisServer, startRedis } from './redis.ts';
import { isMissing } from './requires.ts';

async function send(url: string, command: string, ...words: string[]): Promise<unknown> {
  const client = new Bun.RedisClient(url, { autoReconnect: false });
  try {
    return await client.send(command, words);
  } finally {
    client.close();
  }
}

describe.skipIf(isMissing('redis-server'))('a private Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(async () => {
    await server?.stop();
  });

  test('gives databases that do not see each other', async () => {
    const [first, second] = await Promise.all([server.createDatabase(), server.createDatabase()]);
    await send(first, 'SET', 'here', '1');
    expect(await send(first, 'GET', 'here')).toBe('1');
    expect(await send(second, 'GET', 'here')).toBeNull();
  });

  test('keeps what the append-only file holds through kill -9 and comes back on the same port', async () => {
    const url = await server.createDatabase();
    await send(url, 'SET', 'kept', '7');
    await server.kill9();
    await expect(send(url, 'PING')).rejects.toThrow();
    await server.restart();
    expect(await send(url, 'GET', 'kept')).toBe('7');
  });

  test('has nothing left after its files were erased while it was down', async () => {
    const url = await server.createDatabase();
    await send(url, 'SET', 'lost', '7');
    await expect(server.eraseData()).rejects.toThrow();
    await server.kill9();
    await server.eraseData();
    await server.restart();
    expect(await send(url, 'GET', 'lost')).toBeNull();
  });

  test('forgets everything at a restart without the append-only file', async () => {
    const memoryOnly = await startRedis({ appendOnly: false });
    try {
      await send(memoryOnly.url, 'SET', 'gone', '1');
      await memoryOnly.restart();
      expect(await send(memoryOnly.url, 'GET', 'gone')).toBeNull();
    } finally {
      await memoryOnly.stop();
    }
  });
});
