import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { startBalancer } from './support/balancer.ts';
import { countEnds, createFleet, startLoad } from './support/fleet.ts';
import { isMissing } from './support/requires.ts';
import { createStorage, type TestStorage } from './support/system.ts';
import { waitFor } from './support/wait-for.ts';

const CALLERS = 8;
/** Far longer than the balancer takes to look at every API. */
const DRAIN_MS = 3000;

describe.skipIf(isMissing('initdb', 'postgres', 'redis-server'))('replacing every process under load', () => {
  let storage: TestStorage;
  beforeAll(async () => {
    storage = await createStorage('production');
  });
  afterAll(() => storage.release());

  test('fails no request, loses no message and sends none twice', async () => {
    await using fleet = await createFleet({
      databaseUrl: storage.env['DATABASE_URL'] ?? '',
      redisUrl: storage.env['REDIS_URL'] ?? '',
      settings: { SHUTDOWN_DRAIN_MS: String(DRAIN_MS), LOG_LEVEL: 'info' },
    });
    await using balancer = await startBalancer();
    const [first, second, ...workers] = await Promise.all([
      fleet.start('API'),
      fleet.start('API'),
      fleet.start('WORKER'),
      fleet.start('WORKER'),
    ]);
    await balancer.add(first.url);
    await balancer.add(second.url);
    const key = await fleet.createKey(first.url);
    const load = startLoad({ url: balancer.url, key, callers: CALLERS });
    const moreAccepted = async (count: number) => {
      const wanted = load.accepted.length + count;
      await waitFor('more messages', () =>
        load.accepted.length + load.failures.length >= wanted ? true : null,
      );
    };
    await moreAccepted(50);
    for (const old of [first, second]) {
      await balancer.add((await fleet.start('API')).url);
      const stopped = old.stop('SIGTERM');
      await balancer.waitUntilGone(old.url);
      // It answers those who have not noticed yet, and says that it will not much longer.
      const late = await fetch(`${old.url}/healthz`);
      expect({ status: late.status, connection: late.headers.get('connection') }).toEqual({
        status: 200,
        connection: 'close',
      });
      await stopped;
      expect(old.exitCode()).toBe(0);
      await moreAccepted(50);
    }
    for (const old of workers) {
      await fleet.start('WORKER');
      await old.stop('SIGTERM');
      expect(old.exitCode()).toBe(0);
      await moreAccepted(50);
    }
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(await countEnds(balancer.url, key, load.accepted)).toEqual({ sent: load.accepted.length });
    const recipients = fleet.sink.mails.flatMap(({ to }) => to);
    expect(recipients.length).toBe(load.accepted.length);
    expect(new Set(recipients).size).toBe(recipients.length);
  }, 180_000);
});
