import { connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';

/** Between a client and a loopback server; ends when it is disposed of. */
export type SilentProxy = AsyncDisposable & {
  port: number;
  /**
   * A connection on which either side says this word carries nothing to the client any more, though what that says still arrives. What it
   * returns ends that for connections that have not heard the word.
   */
  silenceAt(word: string): () => void;
};

/** Passes everything on, but can go dumb as a network does that loses one direction: no end, no reset, no word. */
export async function startSilentProxy(target: number): Promise<SilentProxy> {
  const sockets = new Set<Socket>();
  const words = new Set<string>();
  const proxy = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    let isSilent = false;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {}).once('close', () => sockets.delete(socket));
    }
    const hear = (bytes: Buffer | string) => (isSilent ||= [...words].some((word) => bytes.includes(word)));
    upstream.on('data', (bytes) => hear(bytes) || client.write(bytes));
    client.on('data', (bytes) => {
      hear(bytes);
      upstream.write(bytes);
    });
    client.once('close', () => upstream.destroy());
    upstream.once('close', () => isSilent || client.destroy());
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  const address = proxy.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    port: address.port,
    silenceAt(word) {
      words.add(word);
      return () => words.delete(word);
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}
