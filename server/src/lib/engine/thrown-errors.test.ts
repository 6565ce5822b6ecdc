import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentHash } from './content-hash.ts';
import { createEngine, type Engine, type RenderFailure } from './engine.ts';
import { createSilentTelemetry } from './fixtures/silent-telemetry.ts';
import { createMemoryLock } from './locker.ts';

setDefaultTimeout(60_000);

let distDir: string;
let engine: Engine;

beforeAll(async () => {
  distDir = await mkdtemp(join(tmpdir(), 'thrown-errors-test-'));
  engine = await createEngine({ distDir, lock: createMemoryLock(), ...createSilentTelemetry() });
});
afterAll(async () => {
  await engine.close();
  await rm(distDir, { recursive: true, force: true });
});

async function fail(files: Record<string, string>, propsJson = '{}'): Promise<RenderFailure> {
  const sources = { entry: 'index.tsx', files };
  const hashed = contentHash(sources);
  if (!hashed.ok) throw new Error('The sources are refused');
  const result = await engine.render({
    sandboxKey: 'client',
    template: { contentHash: hashed.hash, load: async () => sources },
    propsJson,
    pins: { now: 0, seed: 'seed' },
  });
  if (result.ok) throw new Error('The template did not fail');
  return result;
}

describe('an error while rendering', () => {
  test('names file, line and column, and shows the line', async () => {
    const failed = await fail({
      'index.tsx': `import { shout } from './parts/shout.ts';

export default function Mail({ name }: { name: string }) {
  return <p>{shout(name)}</p>;
}
`,
      'parts/shout.ts': `// a comment that is gone once it is compiled
export function shout(name: string): string {
  const long = 'kept' + name;
  return long + name.toUpperCase();
}
`,
    });
    expect(failed.code).toBe('template_error');
    expect(failed.errors).toEqual([
      {
        file: 'parts/shout.ts',
        line: 4,
        column: expect.any(Number),
        lineText: '  return long + name.toUpperCase();',
        message: expect.stringContaining('TypeError'),
        hint: null,
        trace: [{ file: 'index.tsx', line: 4, column: 14 }],
      },
    ]);
    expect(failed.message).toMatch(/^parts\/shout\.ts:4:\d+: TypeError/);
    expect(failed.message).toContain('  4 |   return long + name.toUpperCase();\n');
    expect(failed.message).toMatch(/\n *\^$/);
  });

  test('is found inside of Tailwind, in the subject, at the top of a module, and beside messages', async () => {
    const inTailwind = `import { Head, Tailwind } from 'react-email';
const Row = ({ item }: { item?: { name: string } }) => {
  return <b>{item!.name}</b>;
};
export default () => <Tailwind><Head /><Row /></Tailwind>;`;
    const cases: [Record<string, string>, string][] = [
      [{ 'index.tsx': inTailwind }, 'index.tsx:3'],
      [
        {
          'index.tsx':
            'export const subject = () => {\n  throw new Error("no");\n};\nexport default () => <p />;',
        },
        'index.tsx:2',
      ],
      [
        {
          'index.tsx':
            '\nconst table = [];\n\nif (table.length === 0) throw new Error("empty");\nexport default () => <p />;',
        },
        'index.tsx:4',
      ],
      [
        {
          'index.tsx': '\nexport default ({ t }: any) => <p>{t("a")}{t.missing.x}</p>;',
          'messages/en.json': '{"a":"\\"A\\"\\nB"}',
        },
        'index.tsx:2',
      ],
    ];
    for (const [files, place] of cases) {
      const { errors } = await fail(files);
      expect(errors.map(({ file, line }) => `${file}:${line}`)).toEqual([place]);
    }
  });

  test('has no place where nothing of the template is in the stack', async () => {
    const failed = await fail({ 'index.tsx': 'export default () => ({ not: "a child" });' });
    expect(failed).toMatchObject({ code: 'template_error', errors: [] });
  });
});

describe('a hostile stack', () => {
  const thrown = (stack: string): Record<string, string> => ({
    'index.tsx': `export default () => { const error = new Error('mine'); Object.defineProperty(error, 'stack', ${stack}); throw error; };`,
  });

  test.each([
    ['a number', '{ value: 5 }'],
    ['an object', '{ value: { toString() { throw 1; } } }'],
    ['a getter that throws', '{ get() { throw 1; } }'],
    ['lines and columns that are nowhere', '{ value: "template.js:9999999:9999999 template.js:0:0" }'],
    ['a place before all code', '{ value: "template.js:1:1" }'],
    ['numbers beyond numbers', '{ value: `template.js:${"9".repeat(300)}:1` }'],
    ['other files', '{ value: "at /etc/passwd:1:1 (../../x/template.jsx:1:50)" }'],
  ])('of %s leads nowhere', async (_name, stack) => {
    const failed = await fail(thrown(stack));
    expect(failed).toMatchObject({ code: 'template_error', message: 'Error: mine', errors: [] });
  });

  test('of great length is cut, and names no more than a place of its own sources', async () => {
    const failed = await fail(thrown('{ value: "template.js:1:900 ".repeat(100_000) }'));
    expect(failed.code).toBe('template_error');
    for (const { file } of failed.errors) expect(file).toBe('index.tsx');
    expect(failed.message.length).toBeLessThan(3000);
  });
});

test('a template whose sources cannot be loaded again still says what was thrown', async () => {
  const sources = {
    entry: 'index.tsx',
    files: { 'index.tsx': 'export default () => { throw new Error("mine"); };' },
  };
  const hashed = contentHash(sources);
  if (!hashed.ok) throw new Error('The sources are refused');
  let loads = 0;
  const load = async () => {
    loads += 1;
    if (loads > 1) throw new Error('The database is gone');
    return sources;
  };
  const template = { contentHash: hashed.hash, load };
  const pins = { now: 0, seed: 'seed' };
  const result = await engine.render({ sandboxKey: 'client', template, propsJson: '{}', pins });
  expect(loads).toBe(2);
  expect(result).toMatchObject({ ok: false, code: 'template_error', message: 'Error: mine', errors: [] });
});
