import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { countEnds, createFleet, startLoad } from './support/fleet.ts';
import { type PostgresServer, type Standby, startPostgres, startStandby } from './support/postgres.ts';
import { type RedisServer, startRedis } from './support/redis.ts';
import { isMissing } from './support/requires.ts';
import { createCaller } from './support/system.ts';
import { waitFor } from './support/wait-for.ts';

describe.skipIf(isMissing('initdb', 'postgres', 'pg_basebackup', 'redis-server'))(
  'a PostgreSQL with a standby',
  () => {
    let primary: PostgresServer;
    let standby: Standby;
    let redis: RedisServer;
    beforeAll(async () => {
      [primary, redis] = await Promise.all([startPostgres(), startRedis()]);
      standby = await startStandby(primary);
    }, 60_000);
    afterAll(() => Promise.all([standby.stop(), primary.stop(), redis.stop()]));

    test('dies under load: after the promotion mail goes on, and every accepted message is sent once', async () => {
      const database = await primary.createDatabase();
      await standby.waitFor(database);
      const both = `127.0.0.1:${standby.port},127.0.0.1:${primary.port}`;
      await using fleet = await createFleet({
        databaseUrl: database.url.replace(`127.0.0.1:${primary.port}`, both),
        redisUrl: redis.url,
        // A claim whose answer went down with the primary is taken up after its lease, and that is longer than anybody waits here. What
        // was handed over is recorded within the lease, which has to outlast the promotion.
        settings: { SHUTDOWN_DRAIN_MS: '0', SHUTDOWN_GRACE_MS: '3000', LEASE_MS: '25000' },
      });
      const [api] = await Promise.all([fleet.start('API'), fleet.start('WORKER'), fleet.start('WORKER')]);
      const key = await fleet.createKey(api.url);
      const load = startLoad({ url: api.url, key, callers: 4 });
      const accepted = (count: number) =>
        waitFor(`${count} messages`, () => (load.accepted.length >= count ? true : null));
      await accepted(50);
      await fleet.sink.waitForMails(10);
      await primary.kill9();
      const before = load.failures.length;
      await waitFor('a request to fail', () => (load.failures.length > before ? true : null));
      await waitFor('the API not to be ready', async () =>
        (await createCaller(api.url)('GET', '/readyz')).status === 503 ? true : null,
      );
      await standby.promote();
      await accepted(load.accepted.length + 50);
      await load.stop();
      // Told to come again, and never that something went wrong.
      expect(load.failures.filter((failure) => !failure.startsWith('503 '))).toEqual([]);
      const counts = await countEnds(api.url, key, load.accepted);
      expect(counts).toEqual({ sent: load.accepted.length });
      const recipients = fleet.sink.mails.flatMap(({ to }) => to);
      expect(new Set(recipients).size).toBe(recipients.length);
    }, 180_000);
  },
);
