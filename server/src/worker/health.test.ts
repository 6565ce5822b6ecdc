import { afterEach, expect, test } from 'bun:test';
import { type HealthOptions, type HealthServer, startHealthServer } from './health.ts';

const servers: HealthServer[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

function start(options: Partial<HealthOptions> = {}) {
  const server = startHealthServer({
    host: '127.0.0.1',
    port: 0,
    database: { ping: async () => {} },
    queue: { ping: async () => {} },
    router: { states: () => [] },
    scrape: null,
    metricsToken: null,
    ...options,
  });
  servers.push(server);
  return async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
    const text = await response.text();
    return { status: response.status, body: text === '' ? null : JSON.parse(text) };
  };
}

test('a process that is up says so, whatever it waits for', async () => {
  const get = start({ database: { ping: () => Promise.reject(new Error('away')) } });
  expect(await get('/healthz')).toEqual({ status: 200, body: { status: 'ok' } });
  expect((await get('/v1/messages')).status).toBe(404);
});

test('it is ready with both its database and its queue', async () => {
  const get = start();
  expect(await get('/readyz')).toMatchObject({ status: 200, body: { status: 'ready', providers: [] } });
});

test('without one of them it is not, and the reason holds no more than a code', async () => {
  const refused = Object.assign(new Error('password=hunter2'), { code: 'ECONNREFUSED' });
  const get = start({ queue: { ping: () => Promise.reject(refused) } });
  const { status, body } = await get('/readyz');
  expect(status).toBe(503);
  expect(body).toMatchObject({
    status: 'unready',
    database: { isOk: true },
    queue: { isOk: false, reason: 'does not answer (ECONNREFUSED)' },
  });
  expect(JSON.stringify(body)).not.toContain('hunter2');
});

test('its metrics are for whoever reaches the port, unless there is a token to show', async () => {
  const scrape = async () => 'mail_attempts_total 1\n';
  const read = async (options: Partial<HealthOptions>, headers: Record<string, string> = {}) => {
    const server = startHealthServer({
      host: '127.0.0.1',
      port: 0,
      database: { ping: async () => {} },
      queue: { ping: async () => {} },
      router: { states: () => [] },
      scrape,
      metricsToken: null,
      ...options,
    });
    servers.push(server);
    const response = await fetch(`http://127.0.0.1:${server.port}/metrics`, { headers });
    return [response.status, await response.text()];
  };
  const told = [200, 'mail_attempts_total 1\n'];
  expect(await read({})).toEqual(told);
  expect(await read({ metricsToken: 'right' })).toEqual([401, '']);
  expect(await read({ metricsToken: 'right' }, { authorization: 'Bearer wrong' })).toEqual([401, '']);
  expect(await read({ metricsToken: 'right' }, { authorization: 'Bearer right' })).toEqual(told);
  expect(await read({ scrape: null })).toEqual([404, '']);
});
