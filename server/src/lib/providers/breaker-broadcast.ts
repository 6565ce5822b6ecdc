import { randomUUID } from 'node:crypto';
import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { RedisClient } from '../queue/redis.ts';
import { channelOn, subscribeTo } from '../queue/redis-subscription.ts';
import type { Logger } from '../telemetry/logger.ts';

/** What workers tell each other about a provider. */
export type BreakerNews =
  | { kind: 'opened'; provider: string; forMs: number; openings: number; reason: string }
  | { kind: 'closed'; provider: string };

/** Carries news between workers as hints: whatever is lost each worker finds out by itself. */
export type BreakerBroadcast = {
  /** Tells the others, at best; never throws and never waits. */
  publish(news: BreakerNews): void;
  /** Calls the listener with the news of others, never with our own. */
  listen(listener: (news: BreakerNews) => void): void;
  close(): Promise<void>;
};

/** For a worker that is alone. */
export function createSilentBroadcast(): BreakerBroadcast {
  return { publish() {}, listen() {}, async close() {} };
}

export type RedisBroadcastOptions = {
  /** Publishes; a connection of its own for listening is made from it with the first listener. */
  redis: RedisClient;
  logger: Logger;
  /** Who we are; random by default. */
  instanceId?: string;
  /** The wall clock, in ms since 1970. */
  wallMs?: () => number;
};

/** News that took longer, or whose host's clock is that far off, is about another time. */
const MAX_AGE_MS = 10_000;
const MAX_REASON_LENGTH = 300;
/** Far above what a message takes. */
const MAX_MESSAGE_LENGTH = 2000;

const ENVELOPE = { from: Type.String(), atMs: Type.Number(), provider: Type.String() };

/** What is on the wire. `untilMs` is a point in time: on a slow way the time that is left gets shorter. */
const MessageSchema = Type.Union([
  Type.Object({
    ...ENVELOPE,
    kind: Type.Literal('opened'),
    untilMs: Type.Number(),
    openings: Type.Integer({ minimum: 1 }),
    reason: Type.String({ maxLength: MAX_REASON_LENGTH }),
  }),
  Type.Object({ ...ENVELOPE, kind: Type.Literal('closed') }),
]);

/** Tells every worker on the same Redis and database by publish and subscribe. */
export function createRedisBroadcast({
  redis,
  logger,
  instanceId = randomUUID(),
  wallMs = Date.now,
}: RedisBroadcastOptions): BreakerBroadcast {
  const channel = channelOn(redis, 'mail:breakers');
  let subscriber: RedisClient | null = null;

  async function tell(news: BreakerNews): Promise<void> {
    try {
      await redis.publish(channel, JSON.stringify(toMessage(news, { from: instanceId, nowMs: wallMs() })));
    } catch (error) {
      logger.debug({ err: error }, 'the other workers could not be told about a provider');
    }
  }

  return {
    publish(news) {
      void tell(news);
    },
    listen(listener) {
      subscriber ??= subscribeTo({ redis, channel, logger });
      subscriber.on('message', (_channel: string, text: string) => {
        const news = parseNews(text, { self: instanceId, nowMs: wallMs() });
        if (news) listener(news);
      });
    },
    async close() {
      subscriber?.disconnect();
      subscriber = null;
    },
  };
}

function toMessage(
  news: BreakerNews,
  { from, nowMs }: { from: string; nowMs: number },
): Static<typeof MessageSchema> {
  const envelope = { from, atMs: nowMs, provider: news.provider };
  if (news.kind === 'closed') return { ...envelope, kind: 'closed' };
  const { forMs, openings, reason } = news;
  return {
    ...envelope,
    kind: 'opened',
    untilMs: nowMs + forMs,
    openings,
    reason: reason.slice(0, MAX_REASON_LENGTH),
  };
}

/** Makes a message news; null for our own echo, for what is stale and for what nobody of us wrote. */
export function parseNews(
  text: string,
  { self, nowMs }: { self: string; nowMs: number },
): BreakerNews | null {
  const message = text.length > MAX_MESSAGE_LENGTH ? null : parseJson(text);
  if (!Value.Check(MessageSchema, message) || message.from === self) return null;
  if (Math.abs(nowMs - message.atMs) > MAX_AGE_MS) return null;
  const { provider } = message;
  if (message.kind === 'closed') return { kind: 'closed', provider };
  const { openings, reason, untilMs } = message;
  const forMs = untilMs - nowMs;
  return forMs > 0 ? { kind: 'opened', provider, forMs, openings, reason } : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
