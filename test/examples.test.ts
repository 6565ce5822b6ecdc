import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import mailctl from '../cli/package.json' with { type: 'json' };
import { PROJECT_VERSIONS } from '../cli/src/commands/init/versions.ts';
import { buildSdkCode } from '../scripts/sdk/build.ts';
import { collectOutput } from '../server/test/support/collect-output.ts';
import { findProgram, isMissing } from '../server/test/support/requires.ts';
import { createClient, startSystem, type TestSystem } from '../server/test/support/system.ts';
import { type RegistryPackage, startRegistry } from './local-registry.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const EXAMPLES = join(ROOT, 'examples');

const isNodeMissing = isMissing('node');
const node = findProgram('node') ?? '';

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
  const run = (command: string[], env: Record<string, string | undefined>, cwd = ROOT) =>
    collectOutput(Bun.spawn(command, { cwd, env, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' }));

  /** As after `npm install @org/mail-sdk`: with the published form. */
  const createProject = async (name: string): Promise<string> => {
    const project = join(folder, name);
    await buildSdkCode(join(project, 'node_modules/@org/mail-sdk'));
    return project;
  };

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

  describe.skipIf(isNodeMissing)('next-route', () => {
    let server: RunningProgram;

    beforeAll(async () => {
      const project = await createProject('next-route');
      // What Next.js does with a route: it takes the types away, and calls what is named after the method.
      const route = await Bun.file(join(EXAMPLES, 'next-route/app/api/invitations/route.ts')).text();
      writeFileSync(join(project, 'route.mjs'), new Bun.Transpiler({ loader: 'ts' }).transformSync(route));
      cpSync(join(ROOT, 'test/fixtures/route-server.mjs'), join(project, 'server.mjs'));
      server = await startOnNode(project, environment(system.keys.live));
    }, 60_000);

    afterAll(() => server.stop());

    const post = async (body: unknown) => {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const response = await fetch(`${server.url}/api/invitations`, { method: 'POST', body: text });
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

  describe('ci-workflow', () => {
    let registry: Awaited<ReturnType<typeof startRegistry>>;
    let project: string;
    let env: Record<string, string | undefined>;

    /** A folder that installs from the registry of this test, and keeps what it downloads to itself. */
    const createFolder = (name: string): string => {
      const path = join(folder, name);
      mkdirSync(path);
      const bunfig = `[install]\nregistry = "${registry.url}"\n[install.cache]\ndir = "${path}-cache"\n`;
      writeFileSync(join(path, 'bunfig.toml'), bunfig);
      return path;
    };

    beforeAll(async () => {
      registry = await startRegistry(toPublished());
      const path = join(folder, 'bin');
      mkdirSync(path);
      // The Bun that the workflow sets up.
      for (const name of ['bun', 'bunx']) symlinkSync(process.execPath, join(path, name));
      env = {
        ...environment((await createClient(system.call, system.keys.admin)).live),
        PATH: `${path}:${process.env.PATH}`,
        // bunx does not read bunfig.toml.
        BUN_CONFIG_REGISTRY: registry.url,
      };
      project = createFolder('ci-workflow');
      const init = [join(ROOT, 'cli/bin/mailctl'), 'init', '.', '--template', 'welcome', 'receipt'];
      // The lockfile that is committed comes from the install that `init` asks for.
      for (const command of [init, ['bun', 'install']]) {
        const { exitCode, stderr } = await run(command, env, project);
        expect(exitCode, stderr).toBe(0);
      }
      rmSync(join(project, 'node_modules'), { recursive: true });
    });

    afterAll(() => registry.stop());

    const runStep = (step: Step, cwd: string) => run(['/bin/sh', '-e', '-c', step.run], env, cwd);

    /** Runs what a job runs, and tells of each step after the first how it ended. */
    const runJob = async (name: string) => {
      const ends: Record<string, { exitCode: number; stdout: string }> = {};
      for (const step of await readSteps(name)) ends[step.name] = await runStep(step, project);
      const { Install, ...rest } = ends;
      expect(Install).toMatchObject({ exitCode: 0 });
      return rest;
    };
    const WELL = expect.objectContaining({ exitCode: 0 });
    const IS_LIVE = 'What is live is what was committed';

    test('a pull request is told what it would change, and changes nothing', async () => {
      expect(await runJob('review')).toEqual({
        'What mail clients would break': WELL,
        'What would change': expect.objectContaining({
          exitCode: 0,
          stdout: expect.stringContaining('"change":"new"'),
        }),
      });
      expect(await runJob('drift')).toMatchObject({ [IS_LIVE]: { exitCode: 1 } });
    }, 120_000);

    test('a commit goes live, and what is pushed by hand after it is noticed', async () => {
      expect(await runJob('push')).toEqual({ 'Push all or none': WELL, [IS_LIVE]: WELL });
      expect(await runJob('drift')).toEqual({ [IS_LIVE]: WELL });
      const entry = join(project, 'templates/welcome/index.tsx');
      const committed = await Bun.file(entry).text();
      writeFileSync(entry, `${committed}\n// by hand\n`);
      const byHand = { name: 'by hand', run: 'bunx --no-install @org/mailctl template push' };
      expect((await runStep(byHand, project)).exitCode).toBe(0);
      writeFileSync(entry, committed);
      expect(await runJob('drift')).toMatchObject({ [IS_LIVE]: { exitCode: 1 } });
    }, 120_000);

    test('where mailctl is not installed it ends, and takes nothing of that name from a registry', async () => {
      const empty = createFolder('not-installed');
      writeFileSync(join(empty, 'package.json'), '{}');
      registry.asked.length = 0;
      const steps = (await Promise.all(['review', 'push', 'drift'].map(readSteps))).flat();
      for (const step of steps.filter(({ name }) => name !== 'Install'))
        expect(await runStep(step, empty), step.run).toMatchObject({ exitCode: 1, stdout: '' });
      expect(registry.asked).toEqual([]);
    });
  });

  describe.skipIf(isNodeMissing)('express-app', () => {
    const SECRET = `whsec_${Buffer.from('of the example').toString('base64')}`;
    let shop: RunningProgram;

    beforeAll(async () => {
      const project = await createProject('express-app');
      cpSync(join(EXAMPLES, 'express-app'), project, { recursive: true });
      symlinkSync(join(ROOT, 'node_modules/express'), join(project, 'node_modules/express'));
      shop = await startOnNode(project, { ...environment(system.keys.live), MAIL_WEBHOOK_SECRET: SECRET });
    }, 60_000);

    afterAll(() => shop.stop());

    const order = async (body: unknown) => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${shop.url}/orders`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
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
        fetch(`${shop.url}/webhooks/mail`, {
          method: 'POST',
          headers: { 'webhook-id': 'e1', 'webhook-timestamp': timestamp, 'webhook-signature': signature },
          body,
        });
      const timestamp = String(Math.floor(Date.now() / 1000));
      const mac = createHmac('sha256', Buffer.from(SECRET.slice('whsec_'.length), 'base64'));
      const good = `v1,${mac.update(`e1.${timestamp}.${body}`).digest('base64')}`;
      expect((await post('v1,AAAA', timestamp)).status).toBe(400);
      expect((await post(good, timestamp)).status).toBe(204);
      expect(await shop.readLine()).toBe('message.sent m1');
    });
  });
});

/**
 * What a new project names, as it would be published. mailctl is the one of this repository, called where it is; of the others no step
 * needs more than that they are there.
 */
function toPublished(): RegistryPackage[] {
  const shim = `#!/bin/sh\nexec '${ROOT}cli/bin/mailctl' "$@"\n`;
  const files = {
    'package.json': JSON.stringify({ bin: mailctl.bin }),
    [mailctl.bin.mailctl.slice(2)]: shim,
  };
  return Object.entries(PROJECT_VERSIONS).map(([name, version]) => ({
    name,
    version,
    files: name === mailctl.name ? files : {},
  }));
}

type Step = { name: string; run: string };

/** The steps that run commands; the others prepare a machine that is prepared here. */
async function readSteps(job: string): Promise<Step[]> {
  const workflow: unknown = Bun.YAML.parse(
    await Bun.file(join(EXAMPLES, 'ci-workflow/templates.yml')).text(),
  );
  const steps: unknown = Object(workflow).jobs?.[job]?.steps;
  const isStep = (step: unknown): step is Step =>
    typeof step === 'object' && step !== null && 'run' in step && 'name' in step;
  return Array.isArray(steps) ? steps.filter(isStep) : [];
}

type RunningProgram = { url: string; readLine(): Promise<string>; stop(): Promise<unknown> };

/** Starts `server.mjs`, whose first line is the URL that it listens at. */
async function startOnNode(
  project: string,
  env: Record<string, string | undefined>,
): Promise<RunningProgram> {
  const child = Bun.spawn([node, 'server.mjs'], {
    cwd: project,
    env: { ...env, PORT: '0' },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
  });
  const readLine = createLineReader(child.stdout);
  const stop = () => {
    child.kill();
    return child.exited;
  };
  return { url: await readLine(), readLine, stop };
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
