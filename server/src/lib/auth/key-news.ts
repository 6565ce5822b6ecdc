import type { RedisClient } from '../queue/redis.ts';
import { channelOn, subscribeTo } from '../queue/redis-subscription.ts';
import type { Logger } from '../telemetry/logger.ts';

/** Tells every instance that a client or one of its keys was changed, so that nobody goes on believing what it remembers. */
export type KeyNews = {
  /** Tells the others, at best; never throws and never waits. Who is not reached finds out when its cache ends. */
  publish(clientId: string): void;
  /** Calls the listener with the client's id; our own news may come back to us. */
  listen(listener: (clientId: string) => void): void;
  close(): Promise<void>;
};

/** For a process that is alone. */
export function createSilentKeyNews(): KeyNews {
  return { publish() {}, listen() {}, async close() {} };
}

const CLIENT_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Tells every instance on the same Redis and database by publish and subscribe. */
export function createRedisKeyNews({ redis, logger }: { redis: RedisClient; logger: Logger }): KeyNews {
  const channel = channelOn(redis, 'mail:keys');
  let subscriber: RedisClient | null = null;

  async function tell(clientId: string): Promise<void> {
    try {
      await redis.publish(channel, clientId);
    } catch (error) {
      logger.warn({ err: error }, 'the other instances could not be told of a change of keys');
    }
  }

  return {
    publish: (clientId) => void tell(clientId),
    listen(listener) {
      subscriber ??= subscribeTo({ redis, channel, logger });
      subscriber.on('message', (_channel: string, text: string) => {
        if (CLIENT_ID.test(text)) listener(text);
      });
    },
    async close() {
      subscriber?.disconnect();
      subscriber = null;
    },
  };
}
