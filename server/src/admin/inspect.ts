import { connect } from 'node:net';
import { sql } from 'drizzle-orm';
import { type Config, readConfig } from '../config.ts';
import { readUnsafeSettings } from '../lib/db/durability.ts';
import { openPostgres } from '../lib/db/postgres.ts';
import { readSchemaState, type SchemaState } from '../lib/db/schema-guard.ts';
import { createRedisClient } from '../lib/queue/redis.ts';
import type { ProviderSettings, SmtpProviderSettings } from '../lib/providers/settings.ts';

/** One thing that was looked at on a server's machine. `fix` says how to mend what is not well. */
export type Finding = {
  name: string;
  state: 'ok' | 'warning' | 'failed';
  detail: string;
  fix: string | null;
};

const TIMEOUT_MS = 5000;
const OLDEST_POSTGRES = 15;
const OLDEST_REDIS = 7;

/**
 * Looks at what this environment's settings name: PostgreSQL, Redis, and the ways out.
 *
 * @throws ConfigError where the settings are wrong
 */
export async function inspectServer(): Promise<Finding[]> {
  const config = readConfig({ SERVICE_ROLE: 'DEV' });
  const storage = await inspectStorage(config);
  return [...storage, ...(await Promise.all(config.providers.map(inspectProvider)))];
}

async function inspectStorage({ storage }: Config): Promise<Finding[]> {
  if (storage.kind === 'embedded') return [];
  const [database, redis] = await Promise.all([
    inspectDatabase(storage.databaseUrl),
    inspectRedis(storage.redisUrl),
  ]);
  return [...database, ...redis];
}

async function inspectDatabase(url: string): Promise<Finding[]> {
  const database = openPostgres(url, { maxConnections: 1 });
  try {
    const row = firstOf(
      await database.db.execute(sql`select current_setting('server_version_num')::int / 10000 as version`),
    );
    return [
      toDatabaseFinding(Number(row.version)),
      toDurabilityFinding(await readUnsafeSettings(database.db)),
      toSchemaFinding(await readSchemaState(database.db)),
    ];
  } catch (error) {
    return [
      failed('database', error, 'Check that it runs, and host, port, user and password in DATABASE_URL.'),
    ];
  } finally {
    await database.close();
  }
}

export function toDatabaseFinding(version: number): Finding {
  const isOld = version < OLDEST_POSTGRES;
  return {
    name: 'database',
    state: isOld ? 'failed' : 'ok',
    detail: `PostgreSQL ${version}`,
    fix: isOld ? `Use PostgreSQL ${OLDEST_POSTGRES} or later.` : null,
  };
}

export function toDurabilityFinding(unsafe: readonly string[]): Finding {
  const isSafe = unsafe.length === 0;
  return {
    name: 'database durability',
    state: isSafe ? 'ok' : 'failed',
    detail: isSafe
      ? 'a commit is on the disk'
      : `${unsafe.join(', ')} off: accepted mail may be lost with the power`,
    fix: isSafe
      ? null
      : `Set ${unsafe.map((name) => `${name} = on`).join(', ')} in postgresql.conf, and for the role.`,
  };
}

/** Both drivers type what they execute as unknown; PostgreSQL's answers an array of rows. */
function firstOf(rows: unknown): Record<string, unknown> {
  const row: unknown = Array.isArray(rows) ? rows[0] : null;
  return typeof row === 'object' && row !== null ? { ...row } : {};
}

function toSchemaFinding({ missing, later, applied }: SchemaState): Finding {
  if (missing.length > 0) {
    const detail = `${missing.length} of ${missing.length + applied - later} migrations are missing`;
    return { name: 'schema', state: 'failed', detail, fix: 'mailctl migrate' };
  }
  const detail = `${applied} migrations applied${later > 0 ? `, ${later} of a later release` : ''}`;
  return { name: 'schema', state: 'ok', detail, fix: null };
}

async function inspectRedis(url: string): Promise<Finding[]> {
  const redis = createRedisClient(url, {
    lazyConnect: true,
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let cause: unknown = null;
  // Without a listener the driver writes to the terminal by itself.
  redis.on('error', (error: unknown) => (cause = error));
  try {
    await redis.connect();
    return toRedisFindings(await redis.info());
  } catch (error) {
    return [failed('redis', cause ?? error, 'Check that it runs, and host, port and password in REDIS_URL.')];
  } finally {
    redis.disconnect();
  }
}

/** What BullMQ and a kept promise need of it. */
export function toRedisFindings(info: string): Finding[] {
  const facts = new Map(
    info.split(/\r?\n/).map((line): [string, string] => {
      const at = line.indexOf(':');
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
  const version = facts.get('redis_version') ?? '?';
  const isOld = Number.parseInt(version, 10) < OLDEST_REDIS;
  const policy = facts.get('maxmemory_policy') ?? 'noeviction';
  const evicts = policy !== 'noeviction';
  const isKept = facts.get('aof_enabled') === '1';
  return [
    {
      name: 'redis',
      state: isOld || evicts ? 'failed' : 'ok',
      detail: `Redis ${version}, ${policy}`,
      fix: isOld
        ? `Use Redis ${OLDEST_REDIS} or later.`
        : evicts
          ? 'Set maxmemory-policy noeviction: with any other it drops jobs when memory is short.'
          : null,
    },
    {
      name: 'redis persistence',
      state: isKept ? 'ok' : 'warning',
      detail: isKept ? 'append-only file on' : 'append-only file off',
      fix: isKept
        ? null
        : 'Set appendonly yes: without it a restart brings all waiting mail back only through the reconciler.',
    },
  ];
}

async function inspectProvider(settings: ProviderSettings): Promise<Finding> {
  const name = `provider ${settings.name}`;
  if (settings.kind === 'smtp') return inspectSmtp(name, settings);
  if (settings.kind !== 'ses' || settings.credentials !== null)
    return { name, state: 'ok', detail: `${settings.kind}, credentials configured`, fix: null };
  return inspectAmazon(name, settings.region);
}

async function inspectAmazon(name: string, region: string): Promise<Finding> {
  const { SESv2Client } = await import('@aws-sdk/client-sesv2');
  const client = new SESv2Client({ region });
  try {
    await client.config.credentials();
    return { name, state: 'ok', detail: `ses in ${region}, credentials found`, fix: null };
  } catch (error) {
    return failed(name, error, 'Give this machine AWS credentials: a role, a profile, or AWS_ACCESS_KEY_ID.');
  } finally {
    client.destroy();
  }
}

async function inspectSmtp(name: string, { host, port, isSecure }: SmtpProviderSettings): Promise<Finding> {
  const fix =
    'Check host and port, and that this machine may connect there: many networks block 25, 465 and 587.';
  try {
    const greeting = await readGreeting({ host, port, isSecure });
    const isWell = greeting.startsWith('220');
    const detail = `${host}:${port} ${isSecure ? 'takes connections' : `says "${greeting.slice(0, 80)}"`}`;
    return { name, state: isWell ? 'ok' : 'failed', detail, fix: isWell ? null : fix };
  } catch (error) {
    return failed(name, error, fix);
  }
}

/** The first line; behind TLS from the first byte a connection says enough. */
function readGreeting({
  host,
  port,
  isSecure,
}: {
  host: string;
  port: number;
  isSecure: boolean;
}): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: TIMEOUT_MS });
    const finish = (done: () => void): void => {
      socket.destroy();
      done();
    };
    socket.once('timeout', () =>
      finish(() => reject(new Error(`${host}:${port} did not answer in ${TIMEOUT_MS} ms`))),
    );
    socket.once('error', (error) => finish(() => reject(error)));
    socket.once('connect', () => {
      if (isSecure) finish(() => resolve('220'));
    });
    socket.once('data', (data) => finish(() => resolve(data.toString('latin1').split(/\r?\n/)[0] ?? '')));
  });
}

/** The code alone where there is one: a driver's own text may quote the password. */
function failed(name: string, error: unknown, fix: string): Finding {
  const cause = error instanceof Error && error.cause ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : null;
  return { name, state: 'failed', detail: `cannot be used (${code ?? 'no answer'})`, fix };
}
