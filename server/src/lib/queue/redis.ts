import { Redis } from 'ioredis';
import type { Logger } from '../telemetry/logger.ts';

/** A request that waits longer for Redis than this goes on without it. */
const COMMAND_TIMEOUT_MS = 2000;

/** The process's two connections to Redis, made once. */
export type RedisConnections = {
  /** Rejects at once while Redis is away, so that requests need not wait for it. */
  failFast: Redis;
  /** Waits for Redis for ever, as a worker's blocking reads must. */
  patient: Redis;
  close(): Promise<void>;
};

/** Starts to connect in the background and goes on reconnecting: a process also starts while Redis is away. */
export function openRedis(url: string, logger: Logger): RedisConnections {
  const failFast = new Redis(url, {
    enableOfflineQueue: false,
    commandTimeout: COMMAND_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
  });
  const patient = new Redis(url, { maxRetriesPerRequest: null });
  const connections = [failFast, patient];
  for (const redis of connections) {
    redis.on('error', (error: Error) => logger.warn({ err: error }, 'Redis cannot be reached'));
  }
  return {
    failFast,
    patient,
    async close() {
      for (const redis of connections) redis.disconnect();
    },
  };
}
