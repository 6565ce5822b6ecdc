import { afterEach, describe, expect, test } from 'bun:test';
import {
  chmodSync,
  existsSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitFor } from '../../server/test/support/wait-for.ts';
import { runMailctl, type RunningDevServer, startDevServer } from './mailctl.ts';

const STARTERS = fileURLToPath(new URL('../../templates', import.meta.url));

const folders: string[] = [];
const servers: RunningDevServer[] = [];

function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mailctl-dev-'));
  folders.push(folder);
  return folder;
}

async function startIn(folder: string, args: string[] = []): Promise<RunningDevServer> {
  const server = await startDevServer(['--data', join(folder, '.mailer'), ...args], { cwd: folder });
  servers.push(server);
  return server;
}

afterEach(async () => {
  for (const server of servers.splice(0)) await server.end('SIGKILL');
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

describe('mailctl dev', () => {
  test('--once --json delivers a mail through everything and ends, the second time too', async () => {
    const folder = createFolder();
    for (const _run of [1, 2]) {
      const { exitCode, stdout } = await runMailctl(
        ['dev', '--once', '--json', '--data', join(folder, '.mailer')],
        { cwd: folder },
      );
      expect(exitCode).toBe(0);
      const answer = JSON.parse(stdout);
      expect(stdout.trimEnd().split('\n')).toHaveLength(1);
      expect(answer).toMatchObject({
        status: 'delivered',
        timeline: ['accepted', 'attempted', 'rendered', 'handed_over', 'delivered'],
      });
      expect(answer.subject).toContain('Ada');
      expect(answer.htmlBytes).toBeGreaterThan(500);
      expect(answer.textBytes).toBeGreaterThan(20);
      expect(answer.readyMs).toBeGreaterThan(0);
    }
  }, 60_000);

  test('the first start makes keys, pushes the starters and sends a mail; the second finds it all again', async () => {
    const folder = createFolder();
    const first = await startIn(folder);
    const { apiKey, firstMail, templates } = first.announced;
    expect(firstMail).toMatchObject({ status: 'delivered' });
    expect(templates).toContainEqual({ name: 'welcome', ok: true });
    const kept = join(folder, '.mailer', 'credentials.json');
    expect(JSON.parse(readFileSync(kept, 'utf8'))).toMatchObject({
      apiKey,
      adminApiKey: expect.stringMatching(/^mk_live_/),
    });
    expect(statSync(kept).mode & 0o777).toBe(0o600);
    expect((await first.end('SIGINT')).exitCode).toBe(0);

    const second = await startIn(folder);
    expect(second.announced).toMatchObject({ apiKey, firstMail: null });
    // The same behind the `#`, so that a browser that was let in stays in.
    const keyOf = ({ announced }: RunningDevServer) => JSON.stringify(announced['pages']).split('#key=')[1];
    expect(keyOf(second)).toMatch(/^mk_live_/);
    expect(keyOf(second)).toBe(keyOf(first));
    const inbox = await fetch(`${second.url}/v1/inbox`, { headers: { 'x-api-key': String(apiKey) } });
    expect(await inbox.json()).toMatchObject({ data: [{ envelope: { to: ['ada@example.com'] } }] });
  }, 60_000);

  test('credentials of a release without pages are kept, and gain a key for them', async () => {
    const folder = createFolder();
    const first = await startIn(folder);
    expect((await first.end('SIGINT')).exitCode).toBe(0);
    const kept = join(folder, '.mailer', 'credentials.json');
    const { pagesKey, ...older } = JSON.parse(readFileSync(kept, 'utf8'));
    writeFileSync(kept, JSON.stringify(older));
    const second = await startIn(folder);
    expect(second.announced).toMatchObject({ apiKey: older.apiKey, firstMail: null });
    const { pagesKey: newKey, ...rest } = JSON.parse(readFileSync(kept, 'utf8'));
    expect(rest).toEqual(older);
    expect(newKey).toMatch(/^mk_live_/);
    expect(newKey).not.toBe(pagesKey);
    // What a page cannot do its key cannot either.
    const push = await fetch(`${second.url}/v1/templates/x`, {
      method: 'PUT',
      headers: { 'x-api-key': newKey, 'content-type': 'application/json' },
      body: JSON.stringify({ entry: 'index.tsx', files: { 'index.tsx': 'export default () => null' } }),
    });
    expect(push.status).toBe(403);
  }, 60_000);

  test('everything that mailctl does next works in the same folder without a flag', async () => {
    const folder = createFolder();
    const server = await startIn(folder);
    const env = { MAILER_DIR: join(folder, '.mailer') };
    const mailctl = (...args: string[]) => runMailctl(args, { cwd: folder, env });

    const sent = await mailctl(
      'send',
      'welcome',
      '--to',
      'you@example.com',
      '--props',
      '{"name":"You","productName":"Shop","startUrl":"https://example.com"}',
    );
    expect(sent).toMatchObject({ exitCode: 0, stderr: '' });
    const { messageId } = JSON.parse(sent.stdout);
    const message = await waitFor('the mail to be delivered', async () => {
      const answer = JSON.parse((await mailctl('message', 'get', messageId)).stdout);
      return answer.status === 'delivered' ? answer : null;
    });
    expect(message.events.at(-1)).toMatchObject({ type: 'delivered', provider: 'inbox' });
    const html = await mailctl('message', 'content', messageId, '--html');
    expect(html.stdout).toContain('You');
    expect(html.stdout).toStartWith('<!DOCTYPE html');

    const list = JSON.parse((await mailctl('template', 'list')).stdout);
    expect(list.data.map(({ name }: { name: string }) => name)).toContain('welcome');
    expect(server.url).toStartWith('http://127.0.0.1:');
  }, 60_000);

  test('a changed template is pushed by itself, and a broken one told with its place', async () => {
    const folder = createFolder();
    const templates = join(folder, 'templates');
    cpSync(STARTERS, templates, { recursive: true });
    const server = await startIn(folder);
    const env = { MAILER_DIR: join(folder, '.mailer') };
    const entry = join(templates, 'welcome', 'index.tsx');
    const source = readFileSync(entry, 'utf8');
    writeFileSync(entry, `${source}\n// changed`);
    await waitFor('the second version', async () => {
      const { data } = JSON.parse((await runMailctl(['template', 'list'], { cwd: folder, env })).stdout);
      return data.find((template: { name: string; version: number }) => template.name === 'welcome')
        ?.version === 2
        ? true
        : null;
    });
    mkdirSync(join(templates, 'fresh'));
    writeFileSync(
      join(templates, 'fresh', 'index.tsx'),
      "export const subject = 'Fresh'; export default () => <p>Fresh</p>;",
    );
    await waitFor('the new template', async () => {
      const { data } = JSON.parse((await runMailctl(['template', 'list'], { cwd: folder, env })).stdout);
      return data.some((template: { name: string }) => template.name === 'fresh') ? true : null;
    });
    expect((await server.end('SIGINT')).exitCode).toBe(0);
  }, 60_000);

  test('keeps the declaration of the templates where it is wanted, and writes none where it is not', async () => {
    const folder = createFolder();
    const templates = join(folder, 'templates');
    cpSync(join(STARTERS, 'welcome'), join(templates, 'welcome'), { recursive: true });
    const file = join(folder, 'mail-templates.d.ts');
    const unasked = await startIn(folder);
    expect((await unasked.end('SIGINT')).exitCode).toBe(0);
    expect(existsSync(file)).toBe(false);
    await startIn(folder, ['--types', file]);
    await waitFor('the declaration', () => (existsSync(file) ? true : null));
    expect(readFileSync(file, 'utf8')).toContain('startUrl: string');
    const entry = join(templates, 'welcome', 'index.tsx');
    writeFileSync(entry, readFileSync(entry, 'utf8').replaceAll('startUrl', 'beginUrl'));
    await waitFor('the declaration to follow', () =>
      readFileSync(file, 'utf8').includes('beginUrl: string') ? true : null,
    );
    mkdirSync(join(templates, 'plain'));
    const plain =
      'export const PreviewProps = { who: "Ada" };\nexport default ({ who }: { who: string }) => who;';
    writeFileSync(join(templates, 'plain', 'index.tsx'), plain);
    await waitFor('the types of props without a schema', () =>
      readFileSync(file, 'utf8').includes('type Props = { who: string };') ? true : null,
    );
    expect((await runMailctl(['template', 'types', '--check'], { cwd: folder })).exitCode).toBe(0);
  }, 60_000);

  test('a second start on the same folder gets one sentence with the address of the first', async () => {
    const folder = createFolder();
    const first = await startIn(folder);
    const second = await runMailctl(['dev', '--port', '0', '--data', join(folder, '.mailer')], {
      cwd: folder,
    });
    expect(second).toMatchObject({ exitCode: 1, stdout: '' });
    const { error } = JSON.parse(second.stderr.trim().split('\n').at(-1) ?? '');
    expect(error.message).toContain(first.url);
    expect(error.message).not.toContain('\n');
  }, 60_000);

  test('a taken port gets one sentence', async () => {
    const folder = createFolder();
    const taken = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response('mine') });
    const { port } = taken;
    const { exitCode, stdout, stderr } = await runMailctl(
      ['dev', '--port', String(port), '--data', join(folder, '.mailer')],
      { cwd: folder },
    );
    await taken.stop(true);
    expect(exitCode).toBe(1);
    expect(stdout).toBe('');
    expect(JSON.parse(stderr.trim().split('\n').at(-1) ?? '').error.message).toContain(
      `Port ${port} is taken`,
    );
  }, 60_000);

  test('a folder that cannot be written to gets one sentence', async () => {
    const folder = createFolder();
    // Root may write where the mode forbids it, but nobody can make a folder of a file.
    const file = join(folder, 'file');
    writeFileSync(file, '');
    chmodSync(file, 0o400);
    const { exitCode, stderr } = await runMailctl(['dev', '--data', join(file, 'x')], { cwd: folder });
    expect(exitCode).toBe(1);
    expect(JSON.parse(stderr.trim().split('\n').at(-1) ?? '').error.message).toContain(
      'cannot be written to',
    );
  });

  test('a wrong setting is named', async () => {
    const { exitCode, stderr } = await runMailctl(['dev', '--port', 'many'], {
      env: { LOG_LEVEL: 'loud' },
      cwd: createFolder(),
    });
    expect(exitCode).toBe(5);
    const { error } = JSON.parse(stderr.trim().split('\n').at(-1) ?? '');
    expect(error.message).toContain('PORT');
    expect(error.message).toContain('LOG_LEVEL');
  });

  test('a web page cannot reach it', async () => {
    const server = await startIn(createFolder());
    const { apiKey } = server.announced;
    const call = (headers: Record<string, string>) =>
      fetch(`${server.url}/v1/inbox`, { headers: { 'x-api-key': String(apiKey), ...headers } });
    expect((await call({})).status).toBe(200);
    expect(await (await call({ host: 'evil.example' })).json()).toMatchObject({ code: 'host_not_allowed' });
    expect(await (await call({ origin: 'http://evil.example' })).json()).toMatchObject({
      code: 'origin_not_allowed',
    });
    expect((await fetch(`${server.url}/v1/inbox`)).status).toBe(401);
  }, 60_000);
});
