import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { POST } from '../examples/next-route/app/api/invitations/route.ts';
import { buildSdkCode } from '../scripts/sdk/build.ts';
import { collectOutput } from '../server/test/support/collect-output.ts';
import { startSystem, type TestSystem } from '../server/test/support/system.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const EXAMPLES = join(ROOT, 'examples');

const node = Bun.which('node');
if (node === null) console.error('skipped: the example of Express needs node');

describe('examples', () => {
  let system: TestSystem;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'examples-'));
    system = await startSystem('embedded');
  }, 60_000);

  afterAll(async () => {
    await system.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const environment = (apiKey: string) => ({
    ...process.env,
    MAIL_BASE_URL: system.url,
    MAIL_API_KEY: apiKey,
  });
  const run = (command: string[], env: Record<string, string | undefined>) =>
    collectOutput(Bun.spawn(command, { cwd: ROOT, env, stdout: 'pipe', stderr: 'pipe' }));

  describe('bun-script', () => {
    const runScript = (apiKey: string) =>
      run([process.execPath, join(EXAMPLES, 'bun-script/send.ts'), 'grace@example.net'], environment(apiKey));

    test('sends a mail that arrives', async () => {
      expect(await runScript(system.keys.live)).toMatchObject({
        exitCode: 0,
        stdout: expect.stringMatching(/^sent [0-9a-f-]{36}\n$/),
      });
      expect(system.sink.mails.map(({ to }) => to)).toContainEqual(['grace@example.net']);
    });

    test.each(['mk_live_wrong', ''])('says what is wrong with the key "%s"', async (apiKey) => {
      expect(await runScript(apiKey)).toMatchObject({
        exitCode: 1,
        stderr: expect.stringMatching(/^(unauthenticated|not_configured): /),
      });
    });
  });

  describe('next-route', () => {
    const saved = { ...process.env };
    beforeAll(() => {
      process.env.MAIL_BASE_URL = system.url;
      process.env.MAIL_API_KEY = system.keys.live;
    });
    afterAll(() => {
      for (const name of ['MAIL_BASE_URL', 'MAIL_API_KEY']) {
        if (saved[name] === undefined) delete process.env[name];
        else process.env[name] = saved[name];
      }
    });
    const post = async (body: unknown) => {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const response = await POST(
        new Request('http://127.0.0.1/api/invitations', { method: 'POST', body: text }),
      );
      const answer: unknown = await response.json();
      return { status: response.status, answer };
    };

    test('its handler sends an invitation', async () => {
      const { status, answer } = await post({ email: 'ada@example.net', team: 'A & <b>' });
      expect({ status, answer }).toEqual({ status: 202, answer: { messageId: expect.any(String) } });
      const messageId = String(Object.values(Object(answer))[0]);
      const { body } = await system.call('GET', `/v1/messages/${messageId}/content`, {
        key: system.keys.live,
      });
      expect(body).toMatchObject({ html: expect.stringContaining('A &amp; &lt;b>') });
    });

    test.each(['{', {}, { email: 'nobody', team: 'x' }])('its handler refuses %j', async (body) => {
      expect(await post(body)).toMatchObject({ status: 422 });
    });
  });

  test('e2e-test waits for a mail and follows its link', async () => {
    const file = './examples/e2e-test/sign-up.e2e.ts';
    const { exitCode, stderr } = await run([process.execPath, 'test', file], environment(system.keys.test));
    expect(stderr).toContain(' 1 pass');
    expect(exitCode).toBe(0);
  });

  test('the steps of ci-workflow push templates and show them', async () => {
    const steps = await readSteps();
    expect(steps.map(({ name }) => name)).toEqual(['Install', 'Push', 'Show what is live']);
    expect(steps[0]?.run).toBe('bun install --frozen-lockfile');
    // Installed here already: what bunx would start is the program of this repository.
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    const shim = `#!/bin/sh\n[ "$1" = mailctl ] || exit 99\nshift\nexec "${process.execPath}" "${ROOT}/cli/src/main.ts" "$@"\n`;
    writeFileSync(join(bin, 'bunx'), shim);
    chmodSync(join(bin, 'bunx'), 0o755);
    const env = { ...environment(system.keys.live), PATH: `${bin}:${process.env.PATH}` };
    const outputs: string[] = [];
    for (const { run: command } of steps.slice(1)) {
      const { exitCode, stdout, stderr } = await run(['/bin/sh', '-e', '-c', command], env);
      expect(exitCode, stderr).toBe(0);
      outputs.push(stdout);
    }
    expect(outputs.at(-1)).toContain('"receipt"');
  }, 120_000);

  describe.skipIf(node === null)('express-app', () => {
    const SECRET = `whsec_${Buffer.from('of the example').toString('base64')}`;
    let shop: Bun.Subprocess<'ignore', 'pipe', 'inherit'>;
    let url: string;
    let readLine: () => Promise<string>;

    beforeAll(async () => {
      // As after `npm install express @org/mail-sdk`, with the published form of the SDK.
      const project = join(folder, 'express-app');
      cpSync(join(EXAMPLES, 'express-app'), project, { recursive: true });
      await buildSdkCode(join(project, 'node_modules/@org/mail-sdk'));
      symlinkSync(join(ROOT, 'node_modules/express'), join(project, 'node_modules/express'));
      shop = Bun.spawn([node ?? '', 'server.mjs'], {
        cwd: project,
        env: { ...environment(system.keys.live), MAIL_WEBHOOK_SECRET: SECRET, PORT: '0' },
        stdin: 'ignore',
        stdout: 'pipe',
        stderr: 'inherit',
      });
      readLine = createLineReader(shop.stdout);
      url = await readLine();
    }, 60_000);

    afterAll(async () => {
      shop.kill();
      await shop.exited;
    });

    const order = async (body: unknown) => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${url}/orders`, { method: 'POST', headers, body: JSON.stringify(body) });
      const answer: unknown = await response.json();
      return { status: response.status, answer };
    };

    test('mails an order once, however often it is asked to', async () => {
      const first = await order({ orderId: 7, email: 'ada@example.net' });
      expect(first).toMatchObject({ status: 201, answer: { messageId: expect.any(String) } });
      expect(await order({ orderId: 7, email: 'ada@example.net' })).toEqual(first);
      expect(await order({ orderId: 8, email: 'nobody' })).toMatchObject({ status: 422 });
    });

    test('hears what is signed and nothing else', async () => {
      const body = JSON.stringify({
        type: 'message.sent',
        timestamp: new Date().toISOString(),
        data: { messageId: 'm1' },
      });
      const post = (signature: string, timestamp: string) =>
        fetch(`${url}/webhooks/mail`, {
          method: 'POST',
          headers: { 'webhook-id': 'e1', 'webhook-timestamp': timestamp, 'webhook-signature': signature },
          body,
        });
      const timestamp = String(Math.floor(Date.now() / 1000));
      const mac = createHmac('sha256', Buffer.from(SECRET.slice('whsec_'.length), 'base64'));
      const good = `v1,${mac.update(`e1.${timestamp}.${body}`).digest('base64')}`;
      expect((await post('v1,AAAA', timestamp)).status).toBe(400);
      expect((await post(good, timestamp)).status).toBe(204);
      expect(await readLine()).toBe('message.sent m1');
    });
  });
});

type Step = { name: string; run: string };

/** The steps that run commands; the others prepare a machine that is prepared here. */
async function readSteps(): Promise<Step[]> {
  const workflow: unknown = Bun.YAML.parse(
    await Bun.file(join(EXAMPLES, 'ci-workflow/push-templates.yml')).text(),
  );
  const steps: unknown = Object(workflow).jobs?.push?.steps;
  const isStep = (step: unknown): step is Step =>
    typeof step === 'object' && step !== null && 'run' in step && 'name' in step;
  return Array.isArray(steps) ? steps.filter(isStep) : [];
}

function createLineReader(output: ReadableStream<Uint8Array>): () => Promise<string> {
  const reader = output.getReader();
  const decoder = new TextDecoder();
  let buffered = '';
  return async () => {
    while (!buffered.includes('\n')) {
      const { done, value } = await reader.read();
      if (done) throw new Error(`it ended after "${buffered}"`);
      buffered += decoder.decode(value, { stream: true });
    }
    const [line = '', ...rest] = buffered.split('\n');
    buffered = rest.join('\n');
    return line;
  };
}
