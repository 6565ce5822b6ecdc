import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript59';
import { buildSdk } from '../scripts/sdk/build.ts';
import { collectOutput } from '../server/test/support/collect-output.ts';
import { findProgram, isMissing } from '../server/test/support/requires.ts';
import { startSystem, type TestSystem } from '../server/test/support/system.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CONSUMER = join(ROOT, 'test', 'fixtures', 'sdk-consumer');
const MAX_MINIFIED_BYTES = 20 * 1024;
/** The oldest and the newest compiler that is supported. */
const COMPILERS = { 'TypeScript 5.9': 'typescript59', 'TypeScript 7': 'typescript' };

const isNodeMissing = isMissing('node', 'npm');
const node = findProgram('node') ?? '';
const npm = findProgram('npm') ?? '';

const NODE_22 = 'node@22.23.3';

const runTool = (command: string[], { cwd, env = {} }: { cwd: string; env?: Record<string, string> }) =>
  collectOutput(
    Bun.spawn(command, {
      cwd,
      env: { ...process.env, ...env },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    }),
  );

/** CI fetches it; elsewhere a test needs no network, and takes it where npm has it already. */
function isNode22Missing(): boolean {
  if (isNodeMissing || process.env.CI === 'true') return isNodeMissing;
  const probe = Bun.spawnSync([
    npm,
    'exec',
    '--offline',
    '--yes',
    `--package=${NODE_22}`,
    '--',
    'node',
    '-v',
  ]);
  if (!probe.success) console.error(`skipped: needs ${NODE_22} in the cache of npm, as CI has it`);
  return !probe.success;
}

/** The types of Node that come with those of Bun. */
function findNodeTypes(): string {
  const bunTypes = Bun.resolveSync(
    'bun-types/package.json',
    realpathSync(join(ROOT, 'node_modules/@types/bun')),
  );
  return realpathSync(dirname(Bun.resolveSync('@types/node/package.json', dirname(bunTypes))));
}

/** The package as somebody else gets it: packed, and installed into a project that has nothing else. */
async function createConsumer(folder: string): Promise<{ project: string; dist: string; tarball: string }> {
  const dist = join(folder, 'dist');
  const project = join(folder, 'project');
  await buildSdk(dist);
  const packed = await runTool([npm, 'pack', '--json', '--pack-destination', folder], { cwd: dist });
  expect(packed.exitCode, packed.stderr).toBe(0);
  const tarball = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '');
  cpSync(CONSUMER, project, { recursive: true });
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'consumer', private: true }));
  const installed = await runTool([npm, 'install', '--offline', '--no-audit', '--no-fund', tarball], {
    cwd: project,
  });
  expect(installed.exitCode, installed.stderr).toBe(0);
  return { project, dist, tarball };
}

describe.skipIf(isNodeMissing)('the package', () => {
  let folder: string;
  let project: string;
  let dist: string;
  let tarball: string;
  let system: TestSystem;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sdk-package-'));
    ({ project, dist, tarball } = await createConsumer(folder));
    system = await startSystem('embedded');
  }, 300_000);

  afterAll(async () => {
    await system.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = async (command: string[]) => {
    const env = { MAIL_BASE_URL: system.url, MAIL_API_KEY: system.keys.live };
    const { exitCode, stdout, stderr } = await runTool(command, { cwd: project, env });
    expect(exitCode, stderr).toBe(0);
    const answer: unknown = JSON.parse(stdout);
    return answer;
  };
  const SENT = { status: 'sent', hasAnswer: true, code: 'not_found', isMailError: true, bytes: 8 };

  test.each(['send.mjs', 'send.cjs'])('runs on Node (%s)', async (file) => {
    expect(await run([node, file])).toEqual(SENT);
  });

  test.skipIf(isNode22Missing())(
    'runs on Node 22',
    async () => {
      const node22 = [npm, 'exec', '--yes', `--package=${NODE_22}`, '--', 'node'];
      expect(await run([...node22, '-p', 'process.versions.node.split(".")[0]'])).toBe(22);
      expect(await run([...node22, 'send.mjs'])).toEqual(SENT);
    },
    300_000,
  );

  test.each(['send.mjs', 'send.cjs'])('runs on Bun (%s)', async (file) => {
    expect(await run([process.execPath, file])).toEqual(SENT);
  });

  test('runs where there is nothing of Node', async () => {
    const { outputs } = await Bun.build({
      entrypoints: [join(project, 'worker.mjs')],
      target: 'browser',
      format: 'iife',
    });
    writeFileSync(join(project, 'bundle.js'), (await outputs[0]?.text()) ?? '');
    expect(await run([node, 'in-a-worker.mjs', 'bundle.js'])).toEqual({
      status: 'queued',
      code: 'invalid_argument',
      process: 'undefined',
      buffer: 'undefined',
    });
  });

  const check = async (compiler: string, options: Record<string, unknown>, files: string[]) => {
    const config = join(project, `tsconfig.${Bun.randomUUIDv7()}.json`);
    const compilerOptions = {
      strict: true,
      skipLibCheck: false,
      noEmit: true,
      target: 'es2022',
      types: [],
      ...options,
    };
    writeFileSync(config, JSON.stringify({ compilerOptions, files }));
    const tsc = join(ROOT, 'node_modules', compiler, 'bin', 'tsc');
    const { exitCode, stdout } = await runTool([process.execPath, tsc, '-p', config], { cwd: project });
    return { exitCode, stdout };
  };
  const GOOD = { exitCode: 0, stdout: '' };
  const WEB = ['es2022', 'dom', 'dom.iterable', 'dom.asynciterable'];

  for (const [name, compiler] of Object.entries(COMPILERS)) {
    test.each([
      ['nodenext', 'nodenext'],
      ['esnext', 'bundler'],
    ])(
      `${name} checks names and props of templates (%s, %s)`,
      async (module, moduleResolution) => {
        const files = ['types.mts', 'templates.d.mts'];
        expect(await check(compiler, { module, moduleResolution, lib: WEB }, files)).toEqual(GOOD);
      },
      120_000,
    );

    test(`${name} checks without a declaration of templates, from CommonJS`, async () => {
      const options = { module: 'nodenext', moduleResolution: 'nodenext', lib: WEB };
      expect(await check(compiler, options, ['untyped.cts'])).toEqual(GOOD);
    }, 120_000);
  }

  test('declares itself without the DOM, with the types of Node', async () => {
    mkdirSync(join(project, 'node_modules', '@types'));
    // Linked to where it really is, so that what it depends on is found beside it.
    symlinkSync(findNodeTypes(), join(project, 'node_modules', '@types', 'node'));
    const options = { module: 'nodenext', moduleResolution: 'nodenext', lib: ['es2022'], types: ['node'] };
    expect(await check('typescript59', options, ['untyped.cts'])).toEqual(GOOD);
  }, 120_000);

  test('is accepted by publint and by are-the-types-wrong', async () => {
    const bin = (name: string, path: string) => join(ROOT, 'node_modules', name, path);
    const publint = await runTool([process.execPath, bin('publint', 'src/cli.js'), '--strict', dist], {
      cwd: folder,
    });
    expect(publint.stdout).toContain('All good');
    expect(publint.exitCode).toBe(0);
    const attw = await runTool(
      [process.execPath, bin('@arethetypeswrong/cli', 'dist/index.js'), '--format', 'json', tarball],
      { cwd: folder },
    );
    expect(JSON.parse(attw.stdout)).toMatchObject({
      analysis: { types: { kind: 'included' }, problems: [] },
    });
  }, 120_000);

  const minify = async (source: string) => {
    writeFileSync(join(project, 'entry.mjs'), source);
    const { outputs } = await Bun.build({
      entrypoints: [join(project, 'entry.mjs')],
      target: 'browser',
      minify: true,
    });
    return (await outputs[0]?.text()) ?? '';
  };

  test('is small, and smaller for whoever uses a part of it', async () => {
    const whole = await minify("export * from '@org/mail-sdk';");
    expect(whole.length).toBeGreaterThan(2048);
    expect(whole.length).toBeLessThan(MAX_MINIFIED_BYTES);
    const part = await minify("export { verifyWebhook } from '@org/mail-sdk';");
    expect(part).not.toContain('MAIL_BASE_URL');
    expect(part.length).toBeLessThan(whole.length / 3);
  });

  test('depends on nothing', async () => {
    const manifest: unknown = await Bun.file(join(dist, 'package.json')).json();
    expect(manifest).not.toHaveProperty('dependencies');
    expect(manifest).not.toHaveProperty('peerDependencies');
    expect(readdirSync(join(project, 'node_modules')).filter((name) => !/^[.@]/.test(name))).toEqual([]);
  });

  test('exports these names, and no others: what is here once cannot be taken away', async () => {
    const values = async (entry: string) =>
      Object.keys(Object(await import(join(dist, `${entry}.js`)))).sort();
    const program = ts.createProgram([join(dist, 'index.d.ts'), join(dist, 'testing.d.ts')], { types: [] });
    const names = (entry: string) => {
      const checker = program.getTypeChecker();
      const source = program.getSourceFile(join(dist, `${entry}.d.ts`));
      const module = source && checker.getSymbolAtLocation(source);
      return module
        ? checker
            .getExportsOfModule(module)
            .map(({ name }) => name)
            .sort()
        : [];
    };
    const found = {
      index: { values: await values('index'), names: names('index') },
      testing: { values: await values('testing'), names: names('testing') },
    };
    expect(found).toEqual(await Bun.file(join(ROOT, 'test/fixtures/sdk-exports.json')).json());
  }, 60_000);
});
