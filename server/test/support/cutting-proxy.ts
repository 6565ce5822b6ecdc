import { connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';

/** Between a client and a loopback server; ends when it is disposed of. */
export type CuttingProxy = AsyncDisposable & { port: number };

/** Passes everything on, but resets the first connection whose client says the word as soon as it does. */
export async function startCuttingProxy(target: number, word: string): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  let hasCut = false;
  const proxy = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {}).once('close', () => sockets.delete(socket));
    }
    client.on('data', (bytes) => {
      if (hasCut || !bytes.includes(word)) return;
      hasCut = true;
      client.resetAndDestroy();
      upstream.destroy();
    });
    client.pipe(upstream).pipe(client);
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  const address = proxy.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}
