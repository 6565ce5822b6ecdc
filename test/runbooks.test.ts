import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runMailctl } from '../cli/test/mailctl.ts';
import { startSystem, type TestSystem } from '../server/test/support/system.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PAGES = ['deployment', 'operations', 'scaling'];

type Line = { page: string; command: string };

/** Every command of a page's blocks for a shell, one a line. */
async function readCommands(page: string): Promise<Line[]> {
  const text = await Bun.file(`${ROOT}/docs/${page}.md`).text();
  return [...text.matchAll(/^```sh\n([^]*?)^```$/gm)].flatMap(([, block = '']) =>
    block
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((command) => ({ page, command })),
  );
}

const commands = (await Promise.all(PAGES.map(readCommands))).flat();
const mailctl = commands.filter(({ command }) => command.startsWith('mailctl '));
/** These act on the database itself, the others ask the service. */
const isOnDatabase = ({ command }: Line): boolean => command.startsWith('mailctl admin ');

/** Words of a command as a shell splits them, without anything else that a shell does. */
function wordsOf(command: string): string[] {
  return [...command.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? '',
  );
}

test('the pages have commands', () => {
  expect(mailctl.length).toBeGreaterThan(10);
});

test.each(commands.map(({ page, command }) => [page, command] as const))(
  '%s: a shell can read: %s',
  (_page, command) => {
    const shell = Bun.spawnSync(['/bin/sh', '-n', '-c', command.replaceAll(/<[a-z]+>/g, 'x')]);
    expect(shell.exitCode, shell.stderr.toString()).toBe(0);
  },
);

test('what is to be typed without containers is what the image and Compose run, and a test tries', async () => {
  const dockerfile = await Bun.file(`${ROOT}/Dockerfile`).text();
  const compose: unknown = Bun.YAML.parse(await Bun.file(`${ROOT}/compose.yml`).text());
  const command = /^CMD (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]';
  const typed = commands.map((line) => line.command);
  expect(typed).toContain(/^RUN (bun install .*)$/m.exec(dockerfile)?.[1] ?? 'no install');
  expect(typed).toContain(Object(compose).services.migrate.command.join(' '));
  expect(typed).toContain(`SERVICE_ROLE=API ${JSON.parse(command).join(' ')}`);
});

describe('runbooks', () => {
  let system: TestSystem;
  let keyId: string;
  let env: Record<string, string>;

  beforeAll(async () => {
    system = await startSystem('embedded', { MAX_ATTEMPTS: '1' });
    env = { MAIL_BASE_URL: system.url, MAIL_API_KEY: system.keys.admin };
    await system.call('PATCH', `/v1/clients/${system.clientId}`, {
      key: system.keys.admin,
      body: { name: 'shop' },
    });
    const { body } = await system.call('GET', `/v1/clients/${system.clientId}/keys`, {
      key: system.keys.admin,
    });
    const keys: unknown = body['data'];
    keyId = Array.isArray(keys) ? String(keys.find(({ mode }) => mode === 'test')?.id) : '';
    system.sink.setPlan({ recipient: () => ({ code: 550, text: 'no such user' }) });
    await system.waitUntilEnded(await system.send({ to: 'a@example.net', subject: 'x', text: 'x' }));
  }, 60_000);
  afterAll(() => system.stop());

  // In the order of the pages: what was paused stays so, as it would.
  test.each(
    mailctl.filter((line) => !isOnDatabase(line)).map(({ page, command }) => [page, command] as const),
  )(
    '%s: %s',
    async (_page, command) => {
      // A login with the client's key, which here is in the environment.
      const asClient = command.includes(' --profile shop');
      const [, ...args] = wordsOf(command.replace('<key>', keyId).replace(' --profile shop', ''));
      const { exitCode, stdout, stderr } = await runMailctl(args, {
        env: asClient ? { ...env, MAIL_API_KEY: system.keys.live } : env,
      });
      expect(exitCode, `${stdout}${stderr}`).toBe(0);
    },
    30_000,
  );

  test('a runbook that names a command which does not exist fails', async () => {
    expect((await runMailctl(['queue', 'unclog'], { env })).exitCode).not.toBe(0);
  });
});

describe('runbooks on the database, while no service has it open', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mail-runbooks-'));
  const env = { MAILER_DIR: join(folder, '.mailer') };
  let keyId: string;

  beforeAll(async () => {
    expect((await runMailctl(['migrate'], { env })).exitCode).toBe(0);
    const { stdout } = await runMailctl(['admin', 'key', 'create', '--name', 'leaked'], { env });
    keyId = JSON.parse(stdout).id;
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(mailctl.filter(isOnDatabase).map(({ page, command }) => [page, command] as const))(
    '%s: %s',
    async (_page, command) => {
      const [, ...args] = wordsOf(command.replace('<key>', keyId));
      const { exitCode, stderr } = await runMailctl(args, { env });
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    },
    30_000,
  );
});
