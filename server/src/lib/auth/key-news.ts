import type { KeyOwner } from '../db/api-keys.ts';
import type { RedisClient } from '../queue/redis.ts';
import { channelOn, subscribeTo } from '../queue/redis-subscription.ts';
import type { Logger } from '../telemetry/logger.ts';
import { isUuid } from '../uuid.ts';

/** Tells every instance that a client or a key was changed, so that nobody goes on believing what it remembers. */
export type KeyNews = {
  /** Tells the others, at best; never throws and never waits. Who is not reached finds out when its cache ends. */
  publish(owner: KeyOwner): void;
  /** Calls the listener with whose keys changed; our own news may come back to us. */
  listen(listener: (owner: KeyOwner) => void): void;
  close(): Promise<void>;
};

/** For a process that is alone. */
export function createSilentKeyNews(): KeyNews {
  return { publish() {}, listen() {}, async close() {} };
}

/** What is said of the admin keys, which are nobody's. */
const ADMIN = 'admin';

/** Tells every instance that listens, once. @throws where Redis does not take it */
export async function tellKeyNews(redis: RedisClient, owner: KeyOwner): Promise<void> {
  await redis.publish(channelOf(redis), owner ?? ADMIN);
}

function channelOf(redis: RedisClient): string {
  return channelOn(redis, 'mail:keys');
}

/** Tells every instance on the same Redis and database by publish and subscribe. */
export function createRedisKeyNews({ redis, logger }: { redis: RedisClient; logger: Logger }): KeyNews {
  let subscriber: RedisClient | null = null;

  async function tell(owner: KeyOwner): Promise<void> {
    try {
      await tellKeyNews(redis, owner);
    } catch (error) {
      logger.warn({ err: error }, 'the other instances could not be told of a change of keys');
    }
  }

  return {
    publish: (owner) => void tell(owner),
    listen(listener) {
      subscriber ??= subscribeTo({ redis, channel: channelOf(redis), logger });
      subscriber.on('message', (_channel: string, text: string) => {
        if (text === ADMIN) listener(null);
        else if (isUuid(text)) listener(text);
      });
    },
    async close() {
      subscriber?.disconnect();
      subscriber = null;
    },
  };
}
