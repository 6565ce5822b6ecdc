import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createElement, type FunctionComponent } from 'react';
import { render as renderOfficially, toPlainText } from 'react-email';
import { waitFor } from '../../../test/support/wait-for.ts';
import { contentHash } from './content-hash.ts';
import {
  createEngine,
  type Engine,
  type RenderFailure,
  type RenderLimits,
  type RenderSuccess,
} from './engine.ts';
import { withoutReactComments } from './fixtures/react-comments.ts';
import { readTemplate } from './fixtures/read-template.ts';
import { createSilentTelemetry } from './fixtures/silent-telemetry.ts';
import { createMemoryLock } from './locker.ts';

const PINS = { now: Date.UTC(2024, 1, 29, 12), seed: 'message-1' };

// a process start and a kill take a moment each, on a machine that runs other tests as well
setDefaultTimeout(60_000);

let distDir: string;
let engine: Engine;

async function startEngine(limits: Partial<RenderLimits> = {}): Promise<Engine> {
  return createEngine({ distDir, lock: createMemoryLock(), ...createSilentTelemetry(), limits });
}

beforeAll(async () => {
  distDir = await mkdtemp(join(tmpdir(), 'engine-test-'));
  engine = await startEngine();
});
afterAll(async () => {
  await engine.close();
  await rm(distDir, { recursive: true, force: true });
});

type Options = { on?: Engine; sandboxKey?: string; props?: unknown; pins?: typeof PINS };

function renderFiles(
  files: Record<string, string>,
  options: Options = {},
): Promise<RenderSuccess | RenderFailure> {
  const sources = { entry: 'index.tsx', files };
  const hashed = contentHash(sources);
  if (!hashed.ok) throw new Error('The sources are refused');
  const { on = engine, sandboxKey = 'client', props = {}, pins = PINS } = options;
  const template = { contentHash: hashed.hash, load: async () => sources };
  return on.render({ sandboxKey, template, propsJson: JSON.stringify(props), pins });
}

function renderSource(source: string, options: Options = {}): Promise<RenderSuccess | RenderFailure> {
  return renderFiles({ 'index.tsx': source }, options);
}

/** Renders an expression as JSON text, from inside the sandbox. */
async function evaluate(expression: string, options: Options = {}): Promise<string> {
  const source = `export const subject = async () => String(await (${expression}));\nexport default () => null;`;
  const result = await renderSource(source, options);
  return result.ok ? (result.subject ?? 'no subject') : `${result.code}: ${result.message}`;
}

async function codeOf(source: string, options: Options = {}): Promise<string> {
  const result = await renderSource(source, options);
  return result.ok ? 'ok' : result.code;
}

describe('render', () => {
  test('gives subject, html, text and what they were made from', async () => {
    const source = `
      import { Html, Text } from 'react-email';
      export const subject = ({ name }) => 'Hello ' + name;
      export default ({ name }) => <Html lang="en"><Text>Dear {name}</Text></Html>;`;
    const result = await renderSource(source, { props: { name: 'Zoë 😀' } });
    expect(result).toMatchObject({
      ok: true,
      subject: 'Hello Zoë 😀',
      text: 'Dear Zoë 😀',
      engineVersion: engine.version,
    });
    expect(result.ok && result.html).toContain('<html');
  });

  test('has no subject where the template exports none', async () => {
    expect(await renderSource('export default () => <p>a</p>;')).toMatchObject({ ok: true, subject: null });
  });

  test('makes one line of a subject, whatever it holds', async () => {
    const source = `export const subject = 'a\\r\\nBcc: evil@example.com\\u2028\\0b ';\nexport default () => null;`;
    expect(await renderSource(source)).toMatchObject({ ok: true, subject: 'a Bcc: evil@example.com b' });
  });

  test.each([
    ['no default export', 'export const a = 1;'],
    ['an element instead of a component', 'export default <p />;'],
    ['a subject that is no text', 'export const subject = 1; export default () => null;'],
    ['an exception in the module', 'throw new Error("boom"); export default () => null;'],
    ['an exception in the component', 'export default () => { throw new Error("boom"); };'],
    [
      'an exception deep in the tree',
      'const A = () => { throw null; }; export default () => <div><A /></div>;',
    ],
    ['a rejected component', 'export default async () => { throw new Error("boom"); };'],
    [
      'an exception in a timer',
      'export default async () => { await new Promise(() => setTimeout(() => { throw 1; })); };',
    ],
    [
      'a hostile exception',
      'export default () => { throw { get name() { throw 1; }, get message() { throw 2; } }; };',
    ],
    ['endless recursion', 'const f = () => f() + 1; export default () => f();'],
    ['a promise that never settles', 'export default async () => { await new Promise(() => {}); };'],
    ['a component that is an object', 'export default { a: 1 };'],
  ])('reports %s as template_error', async (_name, source) => {
    expect(await codeOf(source)).toBe('template_error');
  });

  test('says where an async component may not be, instead of never ending as the official renderer does', async () => {
    const withAsync = (outside: string, inside: string) => `
      import { Body, Head, Html, Tailwind } from 'react-email';
      const Later = async () => { await null; return <p>later</p>; };
      export default () => <Html>${outside}<Tailwind><Head /><Body>${inside}</Body></Tailwind></Html>;`;
    const refused = await renderSource(withAsync('', '<Later />'));
    expect(refused).toMatchObject({ ok: false, code: 'template_error' });
    expect(refused.ok ? '' : refused.message).toContain('Tailwind');
    const allowed = await renderSource(withAsync('<Later />', '<p>now</p>'));
    expect(allowed).toMatchObject({ ok: true, html: expect.stringContaining('later') });
  });

  test('reports what does not compile with its place', async () => {
    const result = await renderSource('export default () => <p>;');
    expect(result).toMatchObject({ ok: false, code: 'template_build_failed' });
    expect(result.ok ? [] : result.errors[0]).toMatchObject({ file: 'index.tsx', line: 1 });
  });

  test('refuses props that are too large or no object, without a sandbox being hurt', async () => {
    const source = 'export default ({ a }) => <p>{a}</p>;';
    expect(await codeOf(source, { props: { a: 'x'.repeat(300_000) } })).toBe('template_error');
    expect(await codeOf(source, { props: [1] })).toBe('template_error');
    expect(await codeOf(source, { props: null })).toBe('template_error');
    expect(await codeOf(source, { props: { a: 1 } })).toBe('ok');
  });

  test('refuses output over the limit, and cuts the pipe of a sandbox that sends more', async () => {
    expect(await codeOf('export default () => <p>{"x".repeat(5_300_000)}</p>;')).toBe(
      'template_output_too_large',
    );
    const small = await startEngine({ maxOutputBytes: 5000 });
    try {
      expect(await codeOf('export default () => <p>{"é".repeat(1500)}</p>;', { on: small })).toBe(
        'template_output_too_large',
      );
      const flood = 'export const subject = "x".repeat(3_000_000); export default () => null;';
      expect(await codeOf(flood, { on: small })).toBe('template_output_too_large');
      expect(await codeOf('export default () => <p>fine</p>;', { on: small })).toBe('ok');
    } finally {
      await small.close();
    }
  });

  test('throws when the sources are not those that were named', async () => {
    const template = {
      contentHash: '0'.repeat(64),
      load: async () => ({ entry: 'index.tsx', files: { 'index.tsx': '' } }),
    };
    await expect(
      engine.render({ sandboxKey: 'client', template, propsJson: '{}', pins: PINS }),
    ).rejects.toThrow();
    const path = { ...template, contentHash: '../../etc/passwd' };
    expect(
      engine.render({ sandboxKey: 'client', template: path, propsJson: '{}', pins: PINS }),
    ).rejects.toThrow();
  });

  test('keeps the compiled code in the folder, for the next start', async () => {
    const source = 'export default () => <p>kept</p>;';
    const result = await renderSource(source);
    const hash = result.ok ? result.contentHash : '';
    expect(await readdir(distDir)).toContain(`${engine.version}-${hash}.cjs`);
    const second = await startEngine();
    try {
      const template = {
        contentHash: hash,
        load: () => Promise.reject(new Error('must not be asked for')),
      };
      expect(await second.render({ sandboxKey: 'a', template, propsJson: '{}', pins: PINS })).toMatchObject({
        ok: true,
      });
    } finally {
      await second.close();
    }
  });
});

describe('check', () => {
  test('renders with PreviewProps and gives the schema as JSON Schema', async () => {
    const source = `
      import { Type } from '@sinclair/typebox';
      export const schema = Type.Object({ n: Type.Number({ minimum: 1 }), o: Type.Optional(Type.String()) });
      export const PreviewProps = { n: 2 };
      export default ({ n }) => <p>{n}</p>;`;
    const result = await engine.check({
      sandboxKey: 'client',
      sources: { entry: 'index.tsx', files: { 'index.tsx': source } },
    });
    expect(result).toMatchObject({ ok: true, previewProps: { n: 2 }, text: '2' });
    expect(result.ok && result.schema).toEqual({
      type: 'object',
      required: ['n'],
      properties: { n: { minimum: 1, type: 'number' }, o: { type: 'string' } },
    });
  });

  test.each([
    ['a schema that is no object', 'export const schema = [];', 'template_error'],
    ['a schema that has no JSON', 'export const schema = () => {};', 'template_error'],
    ['a schema in a circle', 'export const schema = {}; schema.a = schema;', 'template_error'],
    ['PreviewProps that are a list', 'export const PreviewProps = [];', 'template_error'],
    ['a schema that is too large', 'export const schema = { a: "x".repeat(300_000) };', 'template_error'],
    ['a getter that throws', 'export const PreviewProps = { get a() { throw 1; } };', 'template_error'],
    ['a getter that loops', 'export const schema = { get a() { for (;;); } };', 'template_timeout'],
    ['a toJSON that loops', 'export const PreviewProps = { toJSON() { for (;;); } };', 'template_timeout'],
  ])('refuses %s', async (_name, source, code) => {
    const files = { 'index.tsx': `${source}\nexport default () => null;` };
    expect(
      await engine.check({ sandboxKey: 'client', sources: { entry: 'index.tsx', files } }),
    ).toMatchObject({ ok: false, code });
  });

  test('refuses paths that are not plain', async () => {
    const sources = { entry: '../x.tsx', files: { '../x.tsx': '' } };
    expect(await engine.check({ sandboxKey: 'client', sources })).toMatchObject({
      ok: false,
      code: 'template_build_failed',
    });
  });
});

describe('the official renderer', () => {
  const root = join(import.meta.dir, '..', '..', '..', '..', 'templates');
  const folders = [
    ...['welcome', 'receipt', 'password-reset', 'digest'].map((name) => join(root, name)),
    join(import.meta.dir, 'fixtures', 'kitchen-sink'),
  ];

  test.each(folders)('gives the same html, text and subject for %s', async (folder) => {
    const result = await engine.check({ sandboxKey: 'official', sources: readTemplate(folder) });
    if (!result.ok) throw new Error(result.message);
    const { component, props, subject } = await importTemplate(folder);
    const html = await renderOfficially(createElement(component, props));
    expect(withoutReactComments(result.html)).toBe(withoutReactComments(html));
    expect(result.text).toBe(toPlainText(html));
    expect(result.subject).toBe(subject(props));
  });

  test('gives the same digest of a hundred rows', async () => {
    const folder = join(root, 'digest');
    const { component, props } = await importTemplate(folder);
    const entries = Array.from({ length: 100 }, (_, index) => ({
      title: `Entry ${index}`,
      url: `https://example.com/${index}`,
      by: 'Ada',
    }));
    const many = { ...props, sections: [{ title: 'All', entries }] };
    const result = await renderFiles(
      { ...readTemplate(folder).files },
      { props: many, sandboxKey: 'official' },
    );
    const html = await renderOfficially(createElement(component, many));
    expect(result.ok && withoutReactComments(result.html)).toBe(withoutReactComments(html));
  });
});

type Imported = {
  component: FunctionComponent<Record<string, unknown>>;
  props: Record<string, unknown>;
  subject: (props: Record<string, unknown>) => string;
};

async function importTemplate(folder: string): Promise<Imported> {
  const module = await import(join(folder, 'index.tsx'));
  return { component: module.default, props: module.PreviewProps, subject: module.subject };
}

describe('pins', () => {
  const CLOCKS = `JSON.stringify([Date.now(), new Date().toISOString(), Date(), new (new Date(0).constructor)().getTime(),
    new Intl.DateTimeFormat('en', { dateStyle: 'full', timeStyle: 'long' }).format(), new Intl.DateTimeFormat('en').formatToParts().length,
    new Date(2024, 0, 1).getTimezoneOffset(), Reflect.construct(Date, []).getTime(), class extends Date {}.now()])`;

  test('fix every clock, in UTC', async () => {
    const clocks: unknown = JSON.parse(await evaluate(CLOCKS));
    expect(clocks).toEqual([
      PINS.now,
      '2024-02-29T12:00:00.000Z',
      expect.stringContaining('Thu Feb 29 2024 12:00:00'),
      PINS.now,
      'Thursday, February 29, 2024 at 12:00:00 PM UTC',
      5,
      0,
      PINS.now,
      PINS.now,
    ]);
  });

  test('leave dates that say when they are alone', async () => {
    expect(
      await evaluate('new Date(0).getTime() + new Date(2000, 1).getFullYear() + Date.UTC(1970, 0, 1)'),
    ).toBe('2000');
    expect(await evaluate('new Date() instanceof Date && new (class extends Date {})(5).getTime()')).toBe(
      '5',
    );
  });

  test('give the same random numbers for the same seed, and others for another', async () => {
    const numbers = 'Array.from({ length: 5 }, () => Math.random()).join()';
    const first = await evaluate(numbers);
    expect(await evaluate(numbers, { sandboxKey: 'another process' })).toBe(first);
    expect(await evaluate(numbers, { pins: { ...PINS, seed: 'message-2' } })).not.toBe(first);
    for (const number of first.split(',').map(Number)) expect(number >= 0 && number < 1).toBe(true);
  });

  test('keep a module from counting its renders', async () => {
    const source = 'let n = 0; export const subject = () => String(++n); export default () => null;';
    await renderSource(source);
    expect(await renderSource(source)).toMatchObject({ subject: '1' });
  });

  test('give the same bytes again and in another process', async () => {
    const files = { ...readTemplate(join(import.meta.dir, 'fixtures', 'kitchen-sink')).files };
    const props = { name: 'a', long: 'b' };
    const results = [];
    for (const sandboxKey of ['same', 'same', 'same', 'fresh'])
      results.push(await renderFiles(files, { props, sandboxKey }));
    expect(results[0]).toMatchObject({ ok: true });
    expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1);
  });

  test('let timers run in their order without waiting for them', async () => {
    const source = `export const subject = async () => {
      const order = [];
      const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
      setTimeout((value) => order.push(value), 60_000, 'minute');
      setTimeout(() => order.push('cleared'), 5).valueOf();
      const interval = setInterval(() => { order.push('tick'); if (order.length > 1) clearInterval(interval); }, 1000);
      clearTimeout(setTimeout(() => order.push('never'), 1));
      await wait(86_400_000);
      return order.join();
    }; export default () => null;`;
    expect(await renderSource(source)).toMatchObject({ subject: 'cleared,tick,minute' });
  });
});

describe('the sandbox', () => {
  test('has none of the host', async () => {
    const names = [
      'process',
      'Bun',
      'require',
      'fetch',
      'Buffer',
      'module2',
      'global',
      'Worker',
      'WebSocket',
      'WebAssembly',
      'SharedArrayBuffer',
      'Atomics',
      'ShadowRealm',
      'FinalizationRegistry',
      'WeakRef',
      'navigator',
      'crypto',
      'performance',
      'EventSource',
      'XMLHttpRequest',
      'Deno',
      'gc',
      'Loader',
      '__runtime',
    ];
    const found = await evaluate(
      `${JSON.stringify(names)}.filter((name) => name in globalThis && globalThis[name] !== undefined).join()`,
    );
    expect(found).toBe('');
  });

  test.each([
    [
      'code from a string',
      `(() => { try { return eval('1'); } catch (e) { return e.name; } })()`,
      'EvalError',
    ],
    [
      'Function',
      `(() => { try { return Function('return 1')(); } catch (e) { return e.name; } })()`,
      'EvalError',
    ],
    [
      'a constructor of a constructor',
      `(() => { try { return (() => {}).constructor.constructor('return process')(); } catch (e) { return e.name; } })()`,
      'EvalError',
    ],
    [
      'an async constructor',
      `(() => { try { return (async () => {}).constructor('return 1')(); } catch (e) { return e.name; } })()`,
      'EvalError',
    ],
    [
      'a generator constructor',
      `(() => { try { return (function* () {}).constructor('yield 1')(); } catch (e) { return e.name; } })()`,
      'EvalError',
    ],
    [
      'a hook on stacks',
      `(() => { let seen = 'nothing'; try { Error.prepareStackTrace = (_, sites) => { seen = sites; }; } catch {} void new Error('x').stack; return seen; })()`,
      'nothing',
    ],
    [
      'a hook on the stacks of a subclass',
      `(() => { let seen = 'nothing'; class E extends Error { static prepareStackTrace(_, s) { seen = s; } } void new E('x').stack; return seen; })()`,
      'nothing',
    ],
    [
      'captureStackTrace',
      `(() => { const o = {}; Error.captureStackTrace(o); return String(o.stack); })()`,
      'undefined',
    ],
    [
      'a caller',
      `(() => { const names = []; let f = function () { return arguments.callee.caller; }; try { names.push(f()); } catch (e) { names.push(e.name); } return names.every((n) => typeof n !== 'function' || n.constructor === Function); })()`,
      'true',
    ],
    [
      'import.meta',
      `(async () => { try { await import.meta; } catch {} const React = await Promise.resolve(1); return React; })()`,
      'template_build_failed',
    ],
    [
      'constructors of what React hands out',
      `(() => { const R = React; const all = [R.createElement, R.Component, R.createContext(1), R.createElement('a')]; return all.every((v) => v.constructor === Function || v.constructor === Object); })()`,
      'true',
    ],
    [
      "an overflow's error",
      `(() => { const f = () => f(); try { f(); } catch (e) { return e.constructor === RangeError && e.constructor.constructor === Function; } })()`,
      'true',
    ],
    ['a stack with a path of the machine', `new Error('x').stack.includes('/')`, 'false'],
  ])('gives nothing through %s', async (_name, expression, expected) => {
    const source = `import * as React from 'react';\nexport const subject = async () => String(await (${expression}));\nexport default () => null;`;
    const result = await renderSource(source);
    expect(result.ok ? result.subject : result.code).toBe(expected);
  });

  test('has an import() that gives nothing, should one ever get past the guard', async () => {
    const { createRealm } = await import('./sandbox/realm.ts');
    const realm = createRealm(`globalThis.__runtime = {
      start(factory) { globalThis.out = undefined; factory(); }, take() { return globalThis.out; }, step() { return false; }, stall() {}, finish() {},
    };`);
    realm.addCode(
      'h',
      `import('node:fs').then(() => { globalThis.out = 'loaded'; }, (e) => { globalThis.out = typeof e; });`,
    );
    realm.start({ codeHash: 'h', requestJson: '{}', propsJson: '{}' });
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect(realm.take()).toBe('string');
  });

  test('does not let a rejection print itself with functions of the host', async () => {
    const bomb = `{ [Symbol.for('nodejs.util.inspect.custom')](...args) { globalThis.leak = args; }, get message() { globalThis.leak = 1; }, get stack() { globalThis.leak = 2; } }`;
    const sandboxKey = 'rejections';
    expect(await codeOf(`Promise.reject(${bomb}); export default () => null;`, { sandboxKey })).toBe('ok');
    expect(await evaluate('typeof globalThis.leak', { sandboxKey })).toBe('undefined');
  });

  test('keeps one client from changing what another renders', async () => {
    const poison = `Array.prototype.map = () => ['poison']; String.prototype.replace = () => 'poison'; JSON.stringify = () => '{"status":"ok","html":"poison","text":"","subject":null}';
      globalThis.shared = 'poison'; export default () => null;`;
    await codeOf(poison, { sandboxKey: 'poisoner' });
    const source = `export const subject = String(globalThis.shared); export default () => <p>{[1].map(String)}</p>;`;
    expect(await renderSource(source, { sandboxKey: 'neighbour' })).toMatchObject({
      ok: true,
      subject: 'undefined',
      text: '1',
    });
  });

  test('reads an answer that a poisoned sandbox forges as text and nothing else', async () => {
    const forged = `Object.prototype.toJSON = () => 'forged'; export default () => null;`;
    expect(await codeOf(forged, { sandboxKey: 'forger' })).toBe('template_error');
  });

  test('has a console that goes nowhere', async () => {
    const source = `console.log('x'.repeat(100_000)); console.error({}); export default () => <p>still here</p>;`;
    expect(await renderSource(source)).toMatchObject({ ok: true, text: 'still here' });
  });
});

describe('limits', () => {
  const HONEST = 'export default ({ n }) => <p>honest {n}</p>;';

  test.each([
    ['the module', 'while (true) {} export default () => null;'],
    ['the component', 'export default () => { while (true) {} };'],
    ['subject()', 'export const subject = () => { for (;;); }; export default () => null;'],
    ['a loop of microtasks', 'export default async () => { for (;;) await 0; };'],
    [
      'a loop of microtasks that outlives the render',
      'export default () => { (async () => { for (;;) await 0; })(); return null; };',
    ],
    ['an interval', 'setInterval(() => {}, 1); export default async () => { await new Promise(() => {}); };'],
    ['a regular expression', 'export default () => <p>{String(/^(a+)+$/.test("a".repeat(40) + "!"))}</p>;'],
    ['a getter of the error', 'export default () => { throw { get message() { for (;;); } }; };'],
    ['a thenable', 'export const subject = () => ({ then() { for (;;); } }); export default () => null;'],
    ['a proxy of the exports', 'module.exports = new Proxy({}, { get() { for (;;); } });'],
  ])('end a loop in %s, and neither what is queued behind it nor another client', async (_name, source) => {
    const results = await Promise.all([
      codeOf(source, { sandboxKey: 'looper' }),
      ...[1, 2, 3].map((n) => renderSource(HONEST, { sandboxKey: 'looper', props: { n } })),
      ...[4, 5, 6].map((n) => renderSource(HONEST, { sandboxKey: 'honest', props: { n } })),
    ]);
    expect(results[0]).toBe('template_timeout');
    expect(results.slice(1).map((result) => typeof result === 'object' && result.ok && result.text)).toEqual(
      [1, 2, 3, 4, 5, 6].map((n) => `honest ${n}`),
    );
  });

  test('end a memory bomb', async () => {
    // with more CPU than usual, so that it is the memory that ends it
    const patient = await startEngine({
      cpuMs: 20_000,
      wallMs: 20_000,
      hardWallMs: 30_000,
      maxRssBytes: 400 * 1024 * 1024,
    });
    try {
      const bomb =
        'const all = []; export default () => { for (;;) all.push(new Uint8Array(1_000_000).fill(1)); };';
      const [code, honest] = await Promise.all([
        codeOf(bomb, { on: patient, sandboxKey: 'b' }),
        codeOf(HONEST, { on: patient, sandboxKey: 'b' }),
      ]);
      expect([code, honest]).toEqual(['template_memory', 'ok']);
    } finally {
      await patient.close();
    }
  });
});

describe('close', () => {
  test('ends every process, and refuses what comes later', async () => {
    const short = await startEngine();
    await codeOf('export default () => null;', { on: short });
    await short.close();
    await expect(codeOf('export default () => null;', { on: short })).rejects.toThrow();
  });
});

describe.skipIf(process.platform !== 'linux')('the processes of an engine', () => {
  test('have an empty environment, and end with a parent that is killed', async () => {
    const script = join(import.meta.dir, 'fixtures', 'engine-process.ts');
    const env = { ...process.env, SECRET_OF_THE_PARENT: 'secret' };
    const parent = Bun.spawn([process.execPath, script, distDir], { stdout: 'pipe', stderr: 'ignore', env });
    try {
      await parent.stdout.getReader().read();
      // A spare that is only just starting locks itself in a moment later.
      const children = await waitFor('every sandbox to be locked in', () => {
        const pids = childrenOf(parent.pid);
        return pids.length > 0 && pids.every(isLockedIn) ? pids : null;
      });
      for (const pid of children) expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).toBe('');
      parent.kill('SIGKILL');
      await parent.exited;
      while (children.some(isRunning)) await new Promise((resolve) => setImmediate(resolve));
    } finally {
      parent.kill('SIGKILL');
    }
  });
});

function childrenOf(pid: number): number[] {
  const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return list === '' ? [] : list.split(' ').map(Number);
}

function isLockedIn(pid: number): boolean {
  return /NoNewPrivs:\t1\nSeccomp:\t2/.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

/** A process that has ended may remain as a zombie where nobody collects orphans, as in a container. */
function isRunning(pid: number): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return false;
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
}
