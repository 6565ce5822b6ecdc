import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { Logger } from '../telemetry/logger.ts';
import { parseRedisUrl, type RedisAddress } from './redis-address.ts';

/** A request that waits longer for Redis than this goes on without it. */
const COMMAND_TIMEOUT_MS = 2000;

/** A connection to one server, to the master that sentinels name, or to a cluster. */
export type RedisClient = Redis | Cluster;

/** What a client may be told about waiting; the same for every form. */
export type RedisPatience = Pick<
  RedisOptions,
  | 'commandTimeout'
  | 'connectTimeout'
  | 'enableOfflineQueue'
  | 'lazyConnect'
  | 'maxRetriesPerRequest'
  | 'retryStrategy'
>;

/** The process's two connections to Redis, made once. */
export type RedisConnections = {
  /** Rejects at once while Redis is away, so that requests need not wait for it. */
  failFast: RedisClient;
  /** Waits for Redis for ever, as a worker's blocking reads must. */
  patient: RedisClient;
  /** Resolves when the first attempt of `failFast` to connect has ended, well or not. */
  attempted: Promise<void>;
  close(): Promise<void>;
};

/** Starts to connect in the background and goes on reconnecting: a process also starts while Redis is away. */
export function openRedis(url: string, logger: Logger): RedisConnections {
  const failFast = createRedisClient(url, {
    enableOfflineQueue: false,
    commandTimeout: COMMAND_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
  });
  const patient = createRedisClient(url, { maxRetriesPerRequest: null });
  const connections = [failFast, patient];
  for (const redis of connections) {
    redis.on('error', (error: Error) => logger.warn({ err: error }, 'Redis cannot be reached'));
  }
  return {
    failFast,
    patient,
    attempted: firstOf(failFast, ['ready', 'error', 'close', 'end']),
    async close() {
      for (const redis of connections) redis.disconnect();
    },
  };
}

function firstOf(redis: RedisClient, events: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    for (const event of events) redis.once(event, () => resolve());
  });
}

/**
 * Makes a client for whichever form of Redis the URL names.
 *
 * @throws TypeError for a URL that {@link parseRedisUrl} cannot read
 */
export function createRedisClient(url: string, patience: RedisPatience): RedisClient {
  const address = parseRedisUrl(url);
  if (!address) throw new TypeError('this is no address of Redis');
  if (address.kind === 'cluster') return createCluster(address, patience);
  const own = { ...patience, reconnectOnError: isDemoted };
  if (address.kind === 'single') return new Redis(address.url, own);
  const { sentinels, name, db, login, sentinelPassword, isTls } = address;
  return new Redis({
    ...own,
    ...login,
    sentinels: [...sentinels],
    name,
    db,
    // Told of a new master by the sentinels, instead of finding out by the old one's silence.
    failoverDetector: true,
    ...(sentinelPassword !== null && { sentinelPassword }),
    ...(isTls && { tls: {}, enableTLSForSentinelMode: true }),
  });
}

/** A master that became a replica keeps its connections: they must go to its successor, and what was refused with them. */
function isDemoted({ message }: Error): false | 2 {
  return message.startsWith('READONLY') ? 2 : false;
}

function createCluster(
  { nodes, login, isTls }: Extract<RedisAddress, { kind: 'cluster' }>,
  { enableOfflineQueue = true, lazyConnect = false, retryStrategy, ...own }: RedisPatience,
): Cluster {
  return new Cluster([...nodes], {
    enableOfflineQueue,
    lazyConnect,
    redisOptions: { ...own, ...login, ...(isTls && { tls: {} }) },
    clusterRetryStrategy: retryStrategy ?? ((times) => Math.min(times * 50, 1000)),
    // A certificate names hosts: they must not become addresses.
    ...(isTls && { dnsLookup: (address, callback) => callback(null, address) }),
  });
}
