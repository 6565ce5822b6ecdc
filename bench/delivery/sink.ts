import { findFreePort } from '../../server/test/support/free-port.ts';
import { diesWithParent, startWithRetries } from '../../server/test/support/server-process.ts';
import { findProgram } from '../../server/test/support/requires.ts';

/** Its own bound is 256, and whoever is the 257th waits as if the relay were down. */
const MAX_CONNECTIONS = 5000;

/** Debian's smtp-sink: takes mail, counts it and forgets it, at next to no cost. */
export type CountingSink = {
  port: number;
  pid: number;
  /** Mails taken so far. */
  count(): number;
  stop(): Promise<void>;
};

export type SinkOptions = {
  /** Whole seconds that it takes over each mail, as a relay far away does; none by default. */
  delayS?: number;
};

/** @throws Error where smtp-sink (Debian's postfix package) is not installed or does not start */
export function startCountingSink(options: SinkOptions = {}): Promise<CountingSink> {
  return startWithRetries(5, () => start(options));
}

async function start({ delayS }: SinkOptions): Promise<CountingSink> {
  const program = findProgram('smtp-sink');
  if (!program) throw new Error('smtp-sink is not installed: it comes with the package postfix');
  const port = findFreePort();
  // -c writes the counters whenever one changes; as root it has to be told whom to become.
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const delay = delayS === undefined ? [] : ['-w', String(delayS)];
  const connections = ['-m', String(MAX_CONNECTIONS)];
  const sink = Bun.spawn(
    diesWithParent([program, '-c', ...user, ...delay, ...connections, `127.0.0.1:${port}`, '1000']),
    {
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    },
  );
  let taken = 0;
  void follow(sink.stdout, (count) => (taken = count));
  await waitUntilListening(port, () => sink.exitCode === null);
  return {
    port,
    pid: sink.pid,
    count: () => taken,
    async stop() {
      sink.kill('SIGKILL');
      await sink.exited;
    },
  };
}

/** Counters are written over each other: `sess=1 quit=0 mesg=12`. */
async function follow(stream: ReadableStream<Uint8Array>, onCount: (count: number) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    rest = (rest + decoder.decode(chunk, { stream: true })).slice(-200);
    const counts = [...rest.matchAll(/mesg=(\d+)\s/g)];
    const last = counts.at(-1)?.[1];
    if (last !== undefined) onCount(Number(last));
  }
}

async function waitUntilListening(port: number, isAlive: () => boolean): Promise<void> {
  while (isAlive()) {
    try {
      const socket = await Bun.connect({ hostname: '127.0.0.1', port, socket: { data() {} } });
      socket.end();
      return;
    } catch {
      await Bun.sleep(20); // Not yet: it has only just been started.
    }
  }
  throw new Error('smtp-sink ended at once');
}
