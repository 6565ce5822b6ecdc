import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
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

import { waitFor } from './wait-for.ts';

/** A database of its own in a cluster that may be shared. */
export type TestDatabase = {
  url: string;
  /** From the next connection on a commit answers before it is on the disk. */
  forgetCommits(): Promise<void>;
  /** Ends its connections and removes it. */
  drop(): Promise<void>;
};

/** A private PostgreSQL cluster on a loopback port, with fsync and synchronous commit on as in production. */
export type PostgresServer = {
  /** The maintenance database; tests take one of their own from `createDatabase`. */
  url: string;
  port: number;
  /** Of the process above all of the cluster's; another one after a restart. */
  readonly pid: number;
  createDatabase(): Promise<TestDatabase>;
  /** Stops the server and removes its files. Safe to call twice. */
  stop(): Promise<void>;
  /** Kills every process of the cluster; the files stay for `restart`. */
  kill9(): Promise<void>;
  /**
   * Stops it where it runs, and starts it on the same port and files, with crash recovery after `kill9` and after SIGQUIT
   * ("immediate" shutdown). SIGINT, the default, is the "fast" one.
   */
  restart(signal?: 'SIGINT' | 'SIGQUIT'): Promise<void>;
};

const USER = 'mail';
const READY_LINE = 'database system is ready to accept connections';

function requireProgram(name: 'initdb' | 'pg_basebackup' | 'postgres'): string {
  const path = findProgram(name);
  if (!path) throw new Error(`${name} is not installed`);
  return path;
}

/** PostgreSQL refuses to run as root, where containers and CI run tests: it gets the system's user for it. */
async function asOrdinaryUser(command: readonly string[]): Promise<string[]> {
  if (process.getuid?.() !== 0) return diesWithParent(command);
  const user = (await findUser('postgres')) ?? (await findUser('nobody'));
  const setpriv = findProgram('setpriv');
  if (!user || !setpriv)
    throw new Error('as root, starting PostgreSQL needs setpriv and a user to run it as');
  return [
    setpriv,
    `--reuid=${user.uid}`,
    `--regid=${user.gid}`,
    '--clear-groups',
    '--pdeathsig=KILL',
    '--',
    ...command,
  ];
}

async function findUser(name: string): Promise<{ uid: string; gid: string } | null> {
  const lines = (await Bun.file('/etc/passwd').text()).split('\n');
  const [, , uid, gid] = lines.find((line) => line.startsWith(`${name}:`))?.split(':') ?? [];
  return uid === undefined || gid === undefined ? null : { uid, gid };
}

/** Runs a program of PostgreSQL's to its end, in a folder where it makes its own private one. */
async function runToEnd(folder: string, command: readonly [string, ...string[]]): Promise<void> {
  // Anyone may create in it, as in /tmp itself.
  await chmod(folder, 0o1777);
  const options = { cwd: folder, stdout: 'ignore', stderr: 'pipe' } as const;
  const program = Bun.spawn(await asOrdinaryUser(command), options);
  const errors = await new Response(program.stderr).text();
  if ((await program.exited) !== 0) throw new Error(`${command[0]} failed:\n${errors}`);
}

async function createCluster(folder: string): Promise<void> {
  await runToEnd(folder, [
    requireProgram('initdb'),
    `--pgdata=${join(folder, 'data')}`,
    `--username=${USER}`,
    '--auth=trust',
    '--encoding=UTF8',
    '--locale=C',
    // Only the creation of the empty cluster; the server itself syncs every commit.
    '--no-sync',
  ]);
}

type Starting = { folder: string; port: number; onLine: (line: string) => void; readyLine?: string };

async function startCluster({
  folder,
  port,
  onLine,
  readyLine = READY_LINE,
}: Starting): Promise<ServerProcess> {
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: folder,
    max_connections: '200',
    shared_buffers: '64MB',
    fsync: 'on',
    synchronous_commit: 'on',
    logging_collector: 'off',
    log_destination: 'stderr',
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const command = await asOrdinaryUser([requireProgram('postgres'), '-D', join(folder, 'data'), ...flags]);
  return startServerProcess({ command, cwd: folder, readyLine, onLine });
}

/** Runs one statement on a connection of its own. */
async function runStatement(url: string, statement: string): Promise<void> {
  const sql = new Bun.SQL(url, { max: 1 });
  try {
    await sql.unsafe(statement);
  } finally {
    await sql.close();
  }
}

/** Creates an empty database in the cluster that `adminUrl` belongs to. */
export async function createTestDatabase(adminUrl: string): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await runStatement(adminUrl, `CREATE DATABASE ${name} TEMPLATE template0`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    forgetCommits: () => runStatement(adminUrl, `ALTER DATABASE ${name} SET synchronous_commit = off`),
    drop: () => runStatement(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

/**
 * Starts a private cluster in a temporary folder and resolves when it accepts connections.
 *
 * @throws Error where PostgreSQL is not installed (see `isMissing`) or does not start.
 */
export async function startPostgres({
  onLine = () => undefined,
}: {
  /** Told each line of the server's log. */
  onLine?: (line: string) => void;
} = {}): Promise<PostgresServer> {
  // A socket's path may be 107 bytes long at most, which macOS's own temporary folder nearly uses up.
  const parent = process.platform === 'darwin' ? '/tmp' : tmpdir();
  const folder = await mkdtemp(join(parent, 'mail-pg-'));
  try {
    await createCluster(folder);
    let port = 0;
    let server = await startWithRetries(5, () => {
      port = findFreePort();
      return startCluster({ folder, port, onLine });
    });
    const url = `postgres://${USER}@127.0.0.1:${port}/postgres`;
    return {
      url,
      port,
      get pid() {
        return server.pid;
      },
      createDatabase: () => createTestDatabase(url),
      // SIGINT is the "fast" shutdown: it does not wait for clients to leave.
      async stop() {
        await server.stop('SIGINT');
        await rm(folder, { recursive: true, force: true });
      },
      kill9: () => server.kill9(),
      async restart(signal = 'SIGINT') {
        await server.stop(signal);
        server = await startWithRetries(20, () => startCluster({ folder, port, onLine }));
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** A server that follows another, and every commit of the other waits for it. */
export type Standby = {
  port: number;
  /** Resolves once it has the database, which a commit does not wait for. */
  waitFor(database: TestDatabase): Promise<void>;
  /** Makes it a server of its own, and resolves when it takes writes. */
  promote(): Promise<void>;
  /** Stops the server and removes its files. Safe to call twice. */
  stop(): Promise<void>;
};

/** Copies a running cluster and starts the copy as its synchronous standby. */
export async function startStandby(primary: Pick<PostgresServer, 'port' | 'url'>): Promise<Standby> {
  const folder = await mkdtemp(join(process.platform === 'darwin' ? '/tmp' : tmpdir(), 'mail-standby-'));
  try {
    await runToEnd(folder, [
      requireProgram('pg_basebackup'),
      `--pgdata=${join(folder, 'data')}`,
      '--host=127.0.0.1',
      `--port=${primary.port}`,
      `--username=${USER}`,
      '--checkpoint=fast',
      '--write-recovery-conf',
      '--no-sync',
    ]);
    const readyLine = 'database system is ready to accept read-only connections';
    let port = 0;
    const server = await startWithRetries(5, () => {
      port = findFreePort();
      return startCluster({ folder, port, onLine: () => undefined, readyLine });
    });
    await runStatement(primary.url, "ALTER SYSTEM SET synchronous_standby_names = '*'");
    await runStatement(primary.url, 'SELECT pg_reload_conf()');
    return {
      port,
      async waitFor({ url }) {
        const copy = new URL(url);
        copy.port = String(port);
        await waitFor('the standby to have it', async () => {
          try {
            await runStatement(copy.href, 'SELECT 1');
            return true;
          } catch {
            return null;
          }
        });
      },
      promote: () => runStatement(`postgres://${USER}@127.0.0.1:${port}/postgres`, 'SELECT pg_promote()'),
      async stop() {
        await server.stop('SIGINT');
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}
