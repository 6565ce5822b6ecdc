import { describe, expect, test } from 'bun:test';
import { compileTemplate } from './compiler.ts';
import type { SourceError } from './source-errors.ts';
import { assertMacrosAreOff } from './macro-canary.ts';
import { formatSourceErrors } from './source-errors.ts';

const DEFAULT_EXPORT = 'export default () => null;';

async function compileErrors(
  source: string,
  files: Record<string, string> = {},
): Promise<readonly SourceError[]> {
  const result = await compileTemplate({ entry: 'index.tsx', files: { 'index.tsx': source, ...files } });
  return result.ok ? [] : result.errors;
}

describe('compileTemplate', () => {
  test('bundles relative files and JSON and leaves only allowed packages to be required', async () => {
    const result = await compileTemplate({
      entry: 'mails/index.tsx',
      files: {
        'mails/index.tsx': `
          import { Text } from '@react-email/components';
          import { Type } from 'typebox';
          import { greet } from '../shared/greet';
          import words from './words.json' with { type: 'json' };
          export const schema = Type.Object({});
          export default () => <Text>{greet(words.hello)}</Text>;`,
        'mails/words.json': '{ "hello": "Servus" }',
        'shared/greet.ts': 'export const greet = (word: string): string => `${word}!`;',
      },
    });
    expect(result.ok).toBe(true);
    const code = result.ok ? result.code : '';
    expect(code).toContain('Servus');
    const required = [...code.matchAll(/require\("([^"]+)"\)/g)].map(([, name]) => name ?? '');
    expect([...new Set(required)].toSorted()).toEqual([
      '@react-email/components',
      'react/jsx-runtime',
      'typebox',
    ]);
  });

  test.each([
    ['a Node module', `import fs from 'node:fs'; export const x = fs;`],
    ['a Node module without its prefix', `import fs from 'fs'; export const x = fs;`],
    ['Bun', `import { $ } from 'bun'; export const x = $;`],
    ["one of Bun's modules", `import { Database } from 'bun:sqlite'; export const x = Database;`],
    ['an unknown package', `import _ from 'lodash'; export const x = _;`],
    ['a subpath of an allowed package', `import * as x from 'react-email/package.json'; export { x };`],
    ['React DOM', `import * as x from 'react-dom/server'; export { x };`],
    ['an absolute path', `import x from '/etc/passwd'; export { x };`],
    ['an escaping path', `import x from '../secret'; export { x };`],
    ['a path that escapes after a detour', `import x from './a/../../secret'; export { x };`],
    ['a URL', `import x from 'https://example.com/x.js'; export { x };`],
    ['a data URL', `import x from 'data:text/javascript,export default 1'; export { x };`],
    ['a file URL', `import x from 'file:///etc/passwd'; export { x };`],
    ['a missing file', `import x from './missing'; export { x };`],
    ["a name of the object's prototype", `import x from './constructor'; export { x };`],
    ['a re-export', `export * from 'node:os';`],
    ['an import for its side effect', `import 'node:os';`],
    ['import =', `import x = require('node:fs'); export { x };`],
    ['require', `export const x = require('node:fs');`],
    ['require.resolve', `export const x = require.resolve('node:fs');`],
    ['a dynamic import', `export const x = () => import('node:fs');`],
    ['a dynamic import of an allowed package', `export const x = () => import('react');`],
    ['a dynamic import of a folded constant', `const n = 'node:'; export const x = () => import(n + 'fs');`],
    ['a computed import', `export const x = (name: string) => import(name);`],
    ['a computed require', `export const x = (name: string) => require(name);`],
    ['import.meta.require', `export const x = import.meta.require;`],
    ['a JSX source of its own', `/** @jsxImportSource evil */ export const x = <a />;`],
    ['a sqlite attribute', `import x from './data.db' with { type: 'sqlite' }; export { x };`],
    [
      'a sqlite attribute behind a comment',
      `import x from './data.db' /**/ with { type: 'sqlite' }; export { x };`,
    ],
    ['a text attribute', `import x from './index.tsx' with { type: 'text' }; export { x };`],
    ['a file attribute', `import x from './index.tsx' with { type: 'file' }; export { x };`],
  ])('refuses %s, with its place', async (_name, source) => {
    const errors = await compileErrors(`${DEFAULT_EXPORT}\n${source}`);
    expect(errors.length).toBeGreaterThan(0);
    const isPlaced = errors.some(({ file, line }) => file === 'index.tsx' && line === 2);
    // what only shows after bundling has no place in a source any more
    const hasNoPlace = source.includes('import.meta') || source.includes('jsxImportSource');
    expect(isPlaced || hasNoPlace).toBe(true);
  });

  test.each([
    [`import { run } from './macro.ts' with { type: 'macro' };`],
    [`import { run } from "./macro.ts" assert { type: "macro" };`],
    [`import { run } from 'macro:./macro.ts';`],
    [`import { run } from './macro.ts' /* x */ with /* y */ { /* z */ 'type': 'macro' };`],
    [`import * as all from './macro.ts' with { type: 'macro' }; const run = all.run;`],
    [`import run from './macro.ts' with { type: \n 'macro' };`],
  ])('refuses a macro with file and line and never runs it: %s', async (statement) => {
    const mark = `macro${crypto.randomUUID().replaceAll('-', '')}`;
    const macro = `globalThis['${mark}'] = true; export const run = () => { globalThis['${mark}'] = true; }; export default run;`;
    const errors = await compileErrors(`${statement}\nexport default () => run();`, { 'macro.ts': macro });
    expect(errors.some(({ file, line }) => file === 'index.tsx' && line !== null && line >= 1)).toBe(true);
    expect(mark in globalThis).toBe(false);
  });

  test('does not read a file of the disk that has the virtual path of an import', async () => {
    const errors = await compileErrors(
      `import x from './../../../../../../etc/hostname'; export default () => x;`,
    );
    expect(errors[0]?.file).toBe('index.tsx');
  });

  test('reports syntax errors with line, column and source line', async () => {
    const errors = await compileErrors('export const a = 1;\nexport default () => <p>{a</p>;');
    expect(errors[0]).toMatchObject({
      file: 'index.tsx',
      line: 2,
      lineText: 'export default () => <p>{a</p>;',
    });
    expect(errors[0]?.column).toBeGreaterThan(20);
  });

  test('reports every refused import of a template at once', async () => {
    const errors = await compileErrors(
      `import a from 'fs';\nimport b from 'os';\nexport default () => [a, b];`,
    );
    expect(errors.map(({ line }) => line)).toEqual([1, 2]);
  });

  test('names the file in which an import is wrong', async () => {
    const errors = await compileErrors(`import './lib/a'; ${DEFAULT_EXPORT}`, {
      'lib/a.ts': `\n\n  import 'node:fs';`,
    });
    expect(errors[0]).toMatchObject({ file: 'lib/a.ts', line: 3, column: 10 });
  });

  test.each([
    ['parentheses', `export default ${'('.repeat(50_000)}1${')'.repeat(50_000)}`],
    ['lists', `export default ${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['elements', `export default () => ${'<a>'.repeat(30_000)}${'</a>'.repeat(30_000)}`],
  ])('survives deeply nested %s', async (_name, source) => {
    expect((await compileErrors(source)).length).toBeGreaterThan(0);
  });

  test('puts no part of the environment into the code', async () => {
    const result = await compileTemplate({
      entry: 'index.tsx',
      files: { 'index.tsx': `export const home = process.env.PATH; ${DEFAULT_EXPORT}` },
    });
    expect(result.ok && result.code.includes(process.env['PATH'] ?? 'no path')).toBe(false);
  });
});

describe('assertMacrosAreOff', () => {
  test('passes on the pinned Bun', async () => {
    expect(await assertMacrosAreOff()).toBeUndefined();
  });

  test('refuses when the canary compiles, or fails for another reason', async () => {
    await expect(assertMacrosAreOff(async () => ({ ok: true, code: '' }))).rejects.toThrow();
    const other = {
      file: null,
      line: null,
      column: null,
      lineText: null,
      message: 'Cannot resolve',
      hint: null,
    };
    await expect(assertMacrosAreOff(async () => ({ ok: false, errors: [other] }))).rejects.toThrow();
  });
});

describe('formatSourceErrors', () => {
  test('shows place, source line, caret and hint', () => {
    const error = {
      file: 'index.tsx',
      line: 7,
      column: 3,
      lineText: 'a b c',
      message: 'Wrong',
      hint: 'Right',
    };
    expect(formatSourceErrors([error])).toBe('index.tsx:7:3: Wrong\n  7 | a b c\n        ^\n  hint: Right');
  });

  test('shows only the part of a long line that matters, and keeps the caret under tabs', () => {
    const long = {
      file: 'a.ts',
      line: 1,
      column: 5000,
      lineText: 'x'.repeat(10_000),
      message: 'm',
      hint: null,
    };
    const [, shown = '', caret = ''] = formatSourceErrors([long]).split('\n');
    expect(shown.length).toBeLessThan(200);
    expect(caret.length).toBeLessThanOrEqual(shown.length);
    const tabbed = { file: 'a.ts', line: 1, column: 2, lineText: '\tx', message: 'm', hint: null };
    expect(formatSourceErrors([tabbed]).split('\n').at(-1)).toBe('      \t^');
  });

  test('shows a message alone when there is no place', () => {
    const error = { file: null, line: null, column: null, lineText: null, message: 'Too many', hint: null };
    expect(formatSourceErrors([error])).toBe('Too many');
  });
});
