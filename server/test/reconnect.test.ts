import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { sql } from 'drizzle-orm';
import { isConnectionError } from '../src/lib/db/connection-error.ts';
import { openPostgres } from '../src/lib/db/postgres.ts';
import { type PostgresServer, startPostgres } from './support/postgres.ts';
import { startCuttingProxy } from './support/cutting-proxy.ts';
import { findFreePort } from './support/free-port.ts';
import { isMissing } from './support/requires.ts';

/** Enough for a pause that grows with each failure to reach minutes. */
const FAILURES = 16;
const CONNECTIONS = 10;

/** A connection that was being made while the server started may still bring its refusal. */
async function onceBack(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isConnectionError(error)) throw error;
    await onceBack(work);
  }
}

/** Does the work over and over on twice as many callers as there are connections; failures are what it is about. */
function keepBusy(work: () => Promise<void>): { isBusy: Promise<void>; stop(): Promise<unknown> } {
  let isOver = false;
  const callers = Array.from({ length: CONNECTIONS * 2 }, async () => {
    while (!isOver) await Promise.allSettled([work()]);
  });
  return {
    isBusy: onceBack(work),
    stop() {
      isOver = true;
      return Promise.all(callers);
    },
  };
}

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

  test('gets every connection of the pool back, whatever they were doing when they were cut', async () => {
    const database = openPostgres(server.url, { maxConnections: CONNECTIONS });
    const work = () =>
      database.transaction(async (tx) => {
        for (let step = 0; step < 5; step += 1) await tx.execute(sql`select pg_sleep(0.002)`);
      });
    for (let outage = 0; outage < 3; outage += 1) {
      const load = keepBusy(work);
      await load.isBusy;
      await server.kill9();
      await load.stop();
      await server.restart();
    }
    // The next one to use a connection that was left unusable would wait for it in vain.
    await Promise.all(Array.from({ length: CONNECTIONS }, () => onceBack(work)));
    await database.close();
  }, 60_000);

  test('keeps what is left of a cut transaction out of the next one on its connection', async () => {
    const admin = openPostgres(server.url);
    const database = openPostgres(server.url, { maxConnections: 1 });
    await admin.db.execute(sql`create table written (by text)`);
    const isNextOpen = Promise.withResolvers<void>();
    const isCutOver = Promise.withResolvers<void>();
    const isCutOff = Promise.withResolvers<unknown>();
    const cut = database.transaction(async (tx) => {
      await tx.execute(sql`select 1`);
      await admin.db.execute(
        sql`select pg_terminate_backend(pid) from pg_stat_activity where state = 'idle in transaction'`,
      );
      await isNextOpen.promise;
      await tx.execute(sql`insert into written values ('the cut one')`).then(
        () => isCutOff.resolve(null),
        (error: unknown) => isCutOff.resolve(error),
      );
      isCutOver.resolve();
    });
    await expect(cut).rejects.toThrow();
    await database.transaction(async (tx) => {
      await tx.execute(sql`insert into written values ('the next one')`);
      isNextOpen.resolve();
      await isCutOver.promise;
    });
    expect(isConnectionError(await isCutOff.promise)).toBe(true);
    expect(await admin.query('select by from written', [])).toEqual([{ by: 'the next one' }]);
    await Promise.all([database.close(), admin.close()]);
  });

  test('leaves no failure behind that nobody could catch, cut off in the middle of connecting', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', note);
    // The one that a client asks for the types of arrays on a connection of its own account.
    await using proxy = await startCuttingProxy(server.port, 'pg_catalog.pg_type');
    const database = openPostgres(server.url.replace(`:${server.port}/`, `:${proxy.port}/`), {
      maxConnections: 1,
    });
    await Promise.allSettled([database.ping()]);
    await database.ping();
    await database.close();
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  test('is looked for once at each of several hosts, where none answers', async () => {
    const [one, other] = [findFreePort(), findFreePort()];
    const database = openPostgres(`postgres://mail@127.0.0.1:${one},127.0.0.1:${other}/postgres`);
    const failure = await database.ping().then(
      () => null,
      (error: unknown) => error,
    );
    expect(isConnectionError(failure)).toBe(true);
    await database.close();
  });

  test('is looked for first where it was last', async () => {
    const attempts: string[] = [];
    await using dead = await startDeafServer(() => attempts.push('dead'));
    const database = openPostgres(
      server.url.replace(`127.0.0.1:${server.port}`, `127.0.0.1:${dead.port},127.0.0.1:${server.port}`),
      { maxConnections: 1 },
    );
    await database.ping();
    expect(attempts).toEqual(['dead']);
    await server.restart();
    await onceBack(() => database.ping());
    expect(attempts).toEqual(['dead']);
    await database.close();
  });
});

/** Takes connections and ends them without a word. */
async function startDeafServer(onConnection: () => void): Promise<AsyncDisposable & { port: number }> {
  const deaf = createServer((socket) => {
    onConnection();
    socket.destroy();
  });
  await once(deaf.listen(0, '127.0.0.1'), 'listening');
  const address = deaf.address();
  if (address === null || typeof address === 'string') throw new Error('it has no port');
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => deaf.close(resolve));
    },
  };
}
