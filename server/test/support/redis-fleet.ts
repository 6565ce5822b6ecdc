import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { findFreePort } from './free-port.ts';
import { startRedisNode, startSentinel } from './redis.ts';
import { type ServerProcess, startWithRetries } from './server-process.ts';
import { waitFor } from './wait-for.ts';

/** Several `redis-server` processes that watch over each other; they end when it is disposed of. */
export type RedisFleet = AsyncDisposable & {
  /** As REDIS_URL takes it. */
  url: string;
  /** Kills the master that has the queue, and resolves with its successor's port once that is a master. */
  failOver(): Promise<number>;
};

type Node = { port: number; process: ServerProcess };

/** Starts processes in a folder that goes with them. */
async function createFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'mail-redis-fleet-'));
  const nodes: Node[] = [];
  return {
    folder,
    async start(run: (port: number) => Promise<ServerProcess>): Promise<Node> {
      const node = await startWithRetries(5, async () => {
        const port = findFreePort();
        return { port, process: await run(port) };
      });
      nodes.push(node);
      return node;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(nodes.map(({ process }) => process.kill9()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Asks one server something. */
async function ask(port: number, command: string, ...args: (string | number)[]): Promise<unknown> {
  const redis = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: 3 });
  redis.on('error', () => {});
  try {
    return await redis.call(command, ...args);
  } finally {
    redis.disconnect();
  }
}

async function isMaster(port: number): Promise<boolean> {
  return /role:master/.test(String(await ask(port, 'INFO', 'replication')));
}

function waitForReplica(port: number): Promise<true> {
  return waitFor('the replica to follow', async () =>
    /master_link_status:up/.test(String(await ask(port, 'INFO', 'replication'))) ? true : null,
  );
}

const SENTINELS = 3;

/** A master, a replica and three sentinels. */
export async function startSentinelFleet(): Promise<RedisFleet> {
  const servers = await createFolder();
  const name = 'mail-test';
  const nodeOn = (port: number, settings: Record<string, string>) =>
    startRedisNode(servers.folder, port, { appenddirname: `aof-${port}`, ...settings });
  const master = await servers.start((port) => nodeOn(port, {}));
  const replica = await servers.start((port) =>
    nodeOn(port, { replicaof: `127.0.0.1 ${master.port}`, dbfilename: `replica-${port}.rdb` }),
  );
  await waitForReplica(replica.port);
  const sentinels: Node[] = [];
  while (sentinels.length < SENTINELS) {
    sentinels.push(
      await servers.start((port) =>
        startSentinel(servers.folder, port, { name, master: master.port, quorum: 2 }),
      ),
    );
  }
  const knowsAll = async ({ port }: Node) => {
    const info = String(await ask(port, 'INFO', 'sentinel'));
    return info.includes(`slaves=1,sentinels=${SENTINELS}`) ? true : null;
  };
  for (const sentinel of sentinels)
    await waitFor('the sentinels to know each other', () => knowsAll(sentinel));
  return {
    url: `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/${name}`,
    async failOver() {
      await master.process.kill9();
      await waitFor('the replica to take over', async () => ((await isMaster(replica.port)) ? true : null));
      return replica.port;
    },
    [Symbol.asyncDispose]: () => servers[Symbol.asyncDispose](),
  };
}

const SLOTS = 16_384;
const MASTERS = 3;

/** Three masters, and a replica of the one that has the queue's slot. */
export async function startClusterFleet(queueKey: string): Promise<RedisFleet> {
  const servers = await createFolder();
  const startNode = () =>
    servers.start((port) =>
      startRedisNode(servers.folder, port, {
        'cluster-enabled': 'yes',
        'cluster-config-file': `nodes-${port}.conf`,
        'cluster-node-timeout': '1500',
        'cluster-port': String(findFreePort()),
        appenddirname: `aof-${port}`,
        dbfilename: `${port}.rdb`,
      }),
    );
  const masters = await Promise.all(Array.from({ length: MASTERS }, startNode));
  const replica = await startNode();
  const [first, ...others] = masters;
  if (!first) throw new Error('a cluster without nodes');
  for (const [index, { port }] of masters.entries()) {
    const from = Math.floor((index * SLOTS) / MASTERS);
    await ask(port, 'CLUSTER', 'ADDSLOTSRANGE', from, Math.floor(((index + 1) * SLOTS) / MASTERS) - 1);
    // Without an epoch of its own two of them would claim to be equally new.
    await ask(port, 'CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
  }
  for (const { port } of [...others, replica]) await meet(first.port, port);
  const nodes = [...masters, replica];
  await waitForCluster(nodes, `cluster_known_nodes:${nodes.length}`);
  await waitForCluster(nodes, 'cluster_state:ok');
  const slot = Number(await ask(first.port, 'CLUSTER', 'KEYSLOT', queueKey));
  const owner = masters[Math.floor(((slot + 1) * MASTERS - 1) / SLOTS)] ?? first;
  await ask(replica.port, 'CLUSTER', 'REPLICATE', String(await ask(owner.port, 'CLUSTER', 'MYID')));
  await waitForReplica(replica.port);
  const ownerId = String(await ask(owner.port, 'CLUSTER', 'MYID'));
  for (const { port } of masters) {
    await waitFor('all to know the replica', async () =>
      new RegExp(`:${replica.port}@.* slave ${ownerId} `).test(String(await ask(port, 'CLUSTER', 'NODES')))
        ? true
        : null,
    );
  }
  return {
    url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    async failOver() {
      await owner.process.kill9();
      await waitFor('the replica to take over', async () => ((await isMaster(replica.port)) ? true : null));
      return replica.port;
    },
    [Symbol.asyncDispose]: () => servers[Symbol.asyncDispose](),
  };
}

async function meet(from: number, to: number): Promise<void> {
  const info = String(await ask(to, 'CONFIG', 'GET', 'cluster-port'));
  await ask(from, 'CLUSTER', 'MEET', '127.0.0.1', to, info.split(',').at(-1) ?? '');
}

async function waitForCluster(nodes: readonly Node[], line: string): Promise<void> {
  for (const { port } of nodes) {
    await waitFor(line, async () =>
      String(await ask(port, 'CLUSTER', 'INFO')).includes(line) ? true : null,
    );
  }
}
