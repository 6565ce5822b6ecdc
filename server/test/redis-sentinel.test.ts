import { describe, test } from 'bun:test';
import { expectSurvivedFailover } from './support/redis-failover.ts';
import { startSentinelFleet } from './support/redis-fleet.ts';
import { isMissing } from './support/requires.ts';

describe.skipIf(isMissing('initdb', 'postgres', 'redis-server'))('a Redis that sentinels watch', () => {
  test('loses its master under load, and every accepted message is sent once', async () => {
    await using redis = await startSentinelFleet();
    await expectSurvivedFailover(redis);
  }, 180_000);
});
