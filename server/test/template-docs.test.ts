import { expect, test } from 'bun:test';
import { type Block, listBlocks } from '../../scripts/transcripts/blocks.ts';
import { compileTemplate } from '../src/lib/engine/compiler.ts';

const blocks = listBlocks('tsx');

/** `// templates/_shared/footer.tsx` in the first line names a file that other blocks of the page import. */
function sharedFiles(page: string): Record<string, string> {
  return Object.fromEntries(
    blocks.flatMap(({ path, code }) => {
      const name = /^\/\/ templates\/(_shared\/\S+)\n/.exec(code)?.[1];
      return path !== page || name === undefined ? [] : [[name, code]];
    }),
  );
}

const toName = ({ path, code }: Block) => `${path}: ${code.split('\n')[0]}`;

test('the page about templates has some', () => {
  expect(blocks.filter(({ path }) => path === 'docs/templates.md').length).toBeGreaterThanOrEqual(5);
});

test.each(blocks.map((block) => [toName(block), block] as const))(
  '%s compiles',
  async (_, { path, code }) => {
    const files = { 'index.tsx': code, ...sharedFiles(path) };
    expect(await compileTemplate({ entry: 'index.tsx', files })).toMatchObject({ ok: true });
  },
);
