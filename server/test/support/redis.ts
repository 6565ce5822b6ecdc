import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort } from './free-port.ts';
import { findProgram } from './requires.ts';
import {
  diesWithParent,
  type ServerProcess,
  startServerProcess,
  startWithRetries,
} from './server-process.ts';

/** A private Redis on a loopback port. */
export type RedisServer = {
  /** Database 0; test files that share the server take one of their own from `createDatabase`. */
  url: string;
  port: number;
  /** Another one after a restart. */
  readonly pid: number;
  /** The URL of an empty database that no other test file has. */
  createDatabase(): Promise<string>;
  /** Stops the server and removes its files. Safe to call twice. */
  stop(): Promise<void>;
  /** SIGKILL; what the append-only file holds stays for `restart`. */
  kill9(): Promise<void>;
  /** Removes the files of a server that is down, as when its disk is lost: the next start finds nothing. */
  eraseData(): Promise<void>;
  /** Stops it where it runs, and starts it on the same port and files. */
  restart(): Promise<void>;
};

export type RedisOptions = {
  /** With the append-only file (fsync every second, as production is told to run it), or memory only. */
  appendOnly?: boolean;
};

const DATABASES = 4096;
const COUNTER = 'test-databases-taken';

function startRedisProcess(folder: string, port: number, appendOnly: boolean): Promise<ServerProcess> {
  return startRedisNode(folder, port, {
    databases: String(DATABASES),
    appendonly: appendOnly ? 'yes' : 'no',
  });
}

/** Starts one `redis-server` on loopback, with these settings over those that all of them have. */
export function startRedisNode(
  folder: string,
  port: number,
  settings: Readonly<Record<string, string>>,
): Promise<ServerProcess> {
  const all = {
    port: String(port),
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    appendonly: 'yes',
    appendfsync: 'everysec',
    'maxmemory-policy': 'noeviction',
    ...settings,
  };
  const flags = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
  return startServerProcess({
    command: diesWithParent([requireRedis(), ...flags]),
    cwd: folder,
    readyLine: 'Ready to accept connections',
  });
}

function requireRedis(): string {
  const program = findProgram('redis-server');
  if (!program) throw new Error('redis-server is not installed');
  return program;
}

/** Starts one sentinel that watches a master; with `quorum` of them agreed it is replaced. */
export async function startSentinel(
  folder: string,
  port: number,
  { name, master, quorum }: { name: string; master: number; quorum: number },
): Promise<ServerProcess> {
  // A sentinel writes what it learns into its own configuration.
  const path = join(folder, `sentinel-${port}.conf`);
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor ${name} 127.0.0.1 ${master} ${quorum}`,
    `sentinel down-after-milliseconds ${name} 1000`,
    `sentinel failover-timeout ${name} 5000`,
  ];
  await Bun.write(path, `${lines.join('\n')}\n`);
  return startServerProcess({
    command: diesWithParent([requireRedis(), path, '--sentinel']),
    cwd: folder,
    readyLine: `+monitor master ${name}`,
  });
}

/** Takes the next database of a server that several processes may share: the counter is in the server itself. */
export async function createRedisDatabase(serverUrl: string): Promise<string> {
  const client = new Bun.RedisClient(serverUrl);
  try {
    const taken = await client.incr(COUNTER);
    if (taken >= DATABASES) throw new Error(`this run took all ${DATABASES} databases of its Redis`);
    const url = new URL(serverUrl);
    url.pathname = `/${taken}`;
    return url.href;
  } finally {
    client.close();
  }
}

/**
 * Starts a private Redis in a temporary folder and resolves when it accepts connections.
 *
 * @throws Error where Redis is not installed (see `isMissing`) or does not start.
 */
export async function startRedis({ appendOnly = true }: RedisOptions = {}): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'mail-redis-'));
  try {
    let port = 0;
    let server = await startWithRetries(5, () => {
      port = findFreePort();
      return startRedisProcess(folder, port, appendOnly);
    });
    const url = `redis://127.0.0.1:${port}/0`;
    return {
      url,
      port,
      get pid() {
        return server.pid;
      },
      createDatabase: () => createRedisDatabase(url),
      async stop() {
        await server.stop('SIGTERM');
        await rm(folder, { recursive: true, force: true });
      },
      kill9: () => server.kill9(),
      async eraseData() {
        if (server.isRunning()) throw new Error('a running Redis would write its files again');
        await rm(join(folder, 'appendonlydir'), { recursive: true, force: true });
      },
      async restart() {
        await server.stop('SIGTERM');
        server = await startWithRetries(5, () => startRedisProcess(folder, port, appendOnly));
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}
