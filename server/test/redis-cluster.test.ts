import { describe, test } from 'bun:test';
import { expectSurvivedFailover } from './support/redis-failover.ts';
import { startClusterFleet } from './support/redis-fleet.ts';
import { isMissing } from './support/requires.ts';

describe.skipIf(isMissing('initdb', 'postgres', 'redis-server'))('a Redis Cluster', () => {
  test('loses the master that has the queue under load, and every accepted message is sent once', async () => {
    await using redis = await startClusterFleet('{mailer}');
    await expectSurvivedFailover(redis);
  }, 180_000);
});
