import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { compileTemplate } from '../src/lib/engine/compiler.ts';

const PAGE = join(import.meta.dir, '..', '..', 'docs', 'templates.md');

type Block = { language: string; code: string };

const blocks: Block[] = [...(await Bun.file(PAGE).text()).matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(
  ([, language = '', code = '']) => ({ language, code }),
);

/** `// templates/_shared/footer.tsx` in the first line names a file that other blocks import. */
function sharedFiles(): Record<string, string> {
  return Object.fromEntries(
    blocks.flatMap(({ code }) => {
      const path = /^\/\/ templates\/(_shared\/\S+)\n/.exec(code)?.[1];
      return path === undefined ? [] : [[path, code]];
    }),
  );
}

test('the page has blocks of code', () => {
  expect(blocks.length).toBeGreaterThan(5);
});

test.each(blocks.map(({ language, code }, index) => [index + 1, language, code] as const))(
  'block %d (%s) compiles',
  async (_index, language, code) => {
    if (language === 'json') {
      expect(JSON.parse(code)).toBeObject();
      return;
    }
    expect(language).toBe('tsx');
    const files = { 'index.tsx': code, ...sharedFiles() };
    expect(await compileTemplate({ entry: 'index.tsx', files })).toMatchObject({ ok: true });
  },
);
