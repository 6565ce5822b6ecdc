import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DevCredentials, readDevCredentials } from '../../server/src/dev/credentials.ts';
import { createNormaliser, type Normaliser } from './normalise.ts';

const MAIN = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));
const COLUMNS = 110;
const READY_MS = 60_000;
const LOOK_EVERY_MS = 20;

/** A folder of its own with a service in it, where commands are run as a person runs them. */
export type Stage = Normaliser & {
  readonly folder: string;
  /** What the service said when it was ready. */
  readonly announced: string;
  /** Runs one command to its end, and returns what was shown. `{id}` is the last id that was. Throws for any other exit code. */
  run(args: readonly string[], options?: RunOptions): Promise<string>;
  /** What a person's own shell would have: the address and the keys. */
  shellEnvironment(): Record<string, string>;
  /** Resolves when no worker has anything to do. */
  waitUntilIdle(): Promise<void>;
  stop(): Promise<void>;
};

export type RunOptions = { exitCode?: number; cwd?: string; isPiped?: boolean };

type Child = {
  exited: Promise<number>;
  exitCode: number | null;
  shown(): string;
  kill(signal: NodeJS.Signals): void;
};

/** Prepares the folder, then starts the service in it. */
export async function openStage(
  prepare: (stage: Pick<Stage, 'folder' | 'run'>) => Promise<void>,
): Promise<Stage> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'transcript-')));
  const normaliser = createNormaliser(folder);
  let lastId = '';
  const run: Stage['run'] = async (given, { exitCode = 0, cwd = folder, isPiped = false } = {}) => {
    const args = given.map((argument) => argument.replace('{id}', lastId));
    const shown = isPiped ? await runPiped(args, { folder, cwd }) : await runShown(args, { folder, cwd });
    if (shown.exitCode !== exitCode)
      throw new Error(`mailctl ${args.join(' ')} ended with ${shown.exitCode}: ${shown.text}`);
    lastId = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(shown.text)?.[0] ?? lastId;
    return normaliser.toStandIns(shown.text);
  };
  await prepare({ folder, run });
  const port = String(await findPort());
  const service = openTerminal(['dev', '--port', port], { folder, cwd: folder });
  await waitUntilShown(service, 'Ctrl-C stops.');
  const url = `http://127.0.0.1:${port}`;
  return {
    ...normaliser,
    folder,
    announced: normaliser.toStandIns(service.shown()),
    run,
    shellEnvironment() {
      const { apiKey, adminApiKey } = credentialsIn(folder);
      return {
        ...environment(folder),
        MAIL_BASE_URL: url,
        MAIL_API_KEY: apiKey,
        MAIL_ADMIN_KEY: adminApiKey ?? '',
      };
    },
    waitUntilIdle: () => waitUntilIdle(url, credentialsIn(folder).apiKey),
    async stop() {
      service.kill('SIGTERM');
      await service.exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Of four digits, as the one that stands for it: tables would be of another width otherwise. */
async function findPort(): Promise<number> {
  for (let port = 4000 + Math.floor(Math.random() * 5000); port < 10_000; port += 1) {
    try {
      await Bun.serve({ hostname: '127.0.0.1', port, fetch: () => new Response() }).stop(true);
      return port;
    } catch {
      // Taken: the next one.
    }
  }
  throw new Error('no port is free');
}

type Where = { folder: string; cwd: string };

function environment(folder: string): Record<string, string> {
  const { PATH = '', TMPDIR = tmpdir() } = process.env;
  return {
    PATH,
    TMPDIR,
    HOME: folder,
    TERM: 'xterm-256color',
    NO_COLOR: '1',
    LOG_LEVEL: 'error',
    MAILCTL_KEYCHAIN: 'off',
    MAILER_DIR: join(folder, '.mailer'),
    XDG_CONFIG_HOME: join(folder, '.config'),
    XDG_CACHE_HOME: join(TMPDIR, 'mailctl-tests', 'cache'),
  };
}

function openTerminal(args: readonly string[], { folder, cwd }: Where): Child {
  const decoder = new TextDecoder();
  let shown = '';
  const child = Bun.spawn([process.execPath, MAIN, ...args], {
    env: environment(folder),
    cwd,
    terminal: {
      cols: COLUMNS,
      rows: 50,
      data: (_terminal, data) => void (shown += decoder.decode(data, { stream: true })),
    },
  });
  return {
    exited: child.exited,
    get exitCode() {
      return child.exitCode;
    },
    shown: () => shown,
    kill: (signal) => child.kill(signal),
  };
}

async function runShown(args: readonly string[], where: Where): Promise<{ exitCode: number; text: string }> {
  const child = openTerminal(args, where);
  const exitCode = await child.exited;
  // The last bytes may come after the end was noticed: they are there when nothing more comes.
  let text: string | null = null;
  while (text !== child.shown()) {
    text = child.shown();
    await Bun.sleep(LOOK_EVERY_MS);
  }
  return { exitCode, text };
}

async function runPiped(
  args: readonly string[],
  { folder, cwd }: Where,
): Promise<{ exitCode: number; text: string }> {
  const child = Bun.spawn([process.execPath, MAIN, ...args], {
    env: environment(folder),
    cwd,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, error] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { exitCode: await child.exited, text: `${out}${error}` };
}

async function waitUntilShown(child: Child, wanted: string): Promise<void> {
  const endsAtMs = performance.now() + READY_MS;
  while (!child.shown().includes(wanted)) {
    if (child.exitCode !== null || performance.now() > endsAtMs)
      throw new Error(`it did not start: ${child.shown()}`);
    await Bun.sleep(LOOK_EVERY_MS);
  }
}

function credentialsIn(folder: string): DevCredentials {
  const credentials = readDevCredentials(join(folder, '.mailer'));
  if (!credentials) throw new Error('the service has left no keys');
  return credentials;
}

async function waitUntilIdle(url: string, apiKey: string): Promise<void> {
  const endsAtMs = performance.now() + READY_MS;
  for (const status of ['queued', 'sending']) {
    while (!(await isEmpty(`${url}/v1/messages?status=${status}`, apiKey))) {
      if (performance.now() > endsAtMs) throw new Error(`messages are ${status} for too long`);
      await Bun.sleep(LOOK_EVERY_MS);
    }
  }
}

async function isEmpty(list: string, apiKey: string): Promise<boolean> {
  const page: unknown = await (await fetch(list, { headers: { 'x-api-key': apiKey } })).json();
  if (typeof page !== 'object' || page === null || !('data' in page) || !Array.isArray(page.data)) {
    throw new Error(`no list of messages: ${JSON.stringify(page)}`);
  }
  return page.data.length === 0;
}
