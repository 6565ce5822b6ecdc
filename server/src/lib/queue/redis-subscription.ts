import { Cluster } from 'ioredis';
import type { Logger } from '../telemetry/logger.ts';
import type { RedisClient } from './redis.ts';

/** What to listen to, and the connection that another is made from. */
export type Subscription = { redis: RedisClient; channel: string; logger: Logger };

/** The channel's name on this database: Redis knows none in publish and subscribe. A cluster has only one. */
export function channelOn(redis: RedisClient, name: string): string {
  return `${name}:${redis instanceof Cluster ? 0 : (redis.options.db ?? 0)}`;
}

/** A connection of its own that listens to one channel, and does so again whenever Redis was away. */
export function subscribeTo({ redis, channel, logger }: Subscription): RedisClient {
  // A cluster's client subscribes again by itself when the node that it listens to is gone.
  const subscriber =
    redis instanceof Cluster ? redis.duplicate() : redis.duplicate({ autoResubscribe: false });
  // The connection of requests reports that Redis is away; without a listener this one would end the process.
  subscriber.on('error', () => {});
  const start = async () => {
    try {
      await subscriber.subscribe(channel);
    } catch (error) {
      logger.debug({ err: error, channel }, 'news cannot be listened to');
      // It hangs rather than being gone: a new connection tries again.
      if (subscriber.status === 'ready') subscriber.disconnect(true);
    }
  };
  subscriber.on('ready', () => void start());
  return subscriber;
}
