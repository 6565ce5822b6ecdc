import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { waitFor } from './wait-for.ts';

/**
 * What stands before the APIs of a deployment: passes whole connections on, in turn, to those that say at /readyz that
 * they are ready. Ends when it is disposed of.
 */
export type Balancer = AsyncDisposable & {
  url: string;
  /** Resolves once the API at this address is found ready; it gets connections from then on. */
  add(url: string): Promise<void>;
  /** Resolves once the API at this address is found not ready. */
  waitUntilGone(url: string): Promise<void>;
};

const LOOK_EVERY_MS = 50;

async function isReady(url: string): Promise<boolean> {
  try {
    // A connection of its own each time, as a load balancer's check has.
    return (await fetch(`${url}/readyz`, { keepalive: false })).ok;
  } catch {
    return false;
  }
}

export async function startBalancer(): Promise<Balancer> {
  const backends = new Map<string, { isReady: boolean }>();
  const sockets = new Set<Socket>();
  let turn = 0;
  let isOver = false;
  const look = async () => {
    while (!isOver) {
      for (const [url, backend] of backends) backend.isReady = await isReady(url);
      await Bun.sleep(LOOK_EVERY_MS);
    }
  };
  const server = createServer((client) => {
    const ready = [...backends].filter(([, backend]) => backend.isReady).map(([url]) => url);
    const url = ready[turn++ % ready.length];
    if (!url) return void client.destroy();
    const upstream = connect(Number(new URL(url).port), '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {}).once('close', () => sockets.delete(socket));
    }
    client.once('close', () => upstream.destroy());
    upstream.once('close', () => client.destroy());
    client.pipe(upstream).pipe(client);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the balancer has no port');
  const looking = look();
  const waitUntil = (url: string, wanted: boolean) =>
    waitFor(`${url} to be ${wanted ? 'ready' : 'gone'}`, () =>
      backends.get(url)?.isReady === wanted ? true : null,
    );
  return {
    url: `http://127.0.0.1:${address.port}`,
    async add(url) {
      backends.set(url, { isReady: false });
      await waitUntil(url, true);
    },
    async waitUntilGone(url) {
      await waitUntil(url, false);
      backends.delete(url);
    },
    async [Symbol.asyncDispose]() {
      isOver = true;
      await looking;
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
