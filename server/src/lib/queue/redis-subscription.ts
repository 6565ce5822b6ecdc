import type { Redis } from 'ioredis';
import type { Logger } from '../telemetry/logger.ts';

/** What to listen to, and the connection that another is made from. */
export type Subscription = { redis: Redis; channel: string; logger: Logger };

/** A connection of its own that listens to one channel, and does so again whenever Redis was away. */
export function subscribeTo({ redis, channel, logger }: Subscription): Redis {
  const subscriber = redis.duplicate({ autoResubscribe: false });
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
