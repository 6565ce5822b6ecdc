import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseProviders } from '../../server/src/lib/providers/settings-parse.ts';
import { createTestCertificate } from '../../server/src/lib/providers/test-certificate.ts';
import { isMissing } from '../../server/test/support/requires.ts';
import { type Block, listBlocks, listDocuments, readBlocks } from './blocks.ts';
import { DOCUMENTS } from './documents.ts';
import { findUnknownCommands, hasOnlyCalls } from './known-commands.ts';
import { firstLineOf, isNotRun, NOT_RUN } from './not-run.ts';
import { SHELL_PAGES } from './pages.ts';

/** Who tries the blocks of a language, wherever they stand; each takes them from `listBlocks`. */
const TRIED_BY: Readonly<Record<string, string>> = {
  json: 'this file',
  yaml: 'this file',
  ts: 'sdk/test/examples.test.ts',
  tsx: 'server/test/template-docs.test.ts',
};

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const isIn = (pages: readonly string[], { path }: Pick<Block, 'path'>) => pages.includes(path);

function isTried(block: Block): boolean {
  if (block.isMade) return isIn(DOCUMENTS, block);
  if (block.language === 'sh') return isIn(SHELL_PAGES, block) || hasOnlyCalls(block.code);
  return block.language in TRIED_BY;
}

const all = listDocuments().flatMap(readBlocks);
const toName = (block: Block) => `${block.path}: ${firstLineOf(block.code)}`;

describe('every block of every document', () => {
  test('is run, checked, or named with a reason in not-run.ts', () => {
    expect(all.length).toBeGreaterThan(60);
    expect(all.filter((block) => !isTried(block) && !isNotRun(block)).map(toName)).toEqual([]);
  });

  test('that is named there exists, and would otherwise have to be tried', () => {
    for (const { path, firstLine, reason } of NOT_RUN) {
      const meant = all.filter((block) => block.path === path && firstLineOf(block.code) === firstLine);
      expect([path, firstLine, meant.length > 0]).toEqual([path, firstLine, true]);
      // On the pages whose commands are run, it is the list that keeps one from being run.
      const isNeeded = meant.every((block) => isIn(SHELL_PAGES, block) || !hasOnlyCalls(block.code));
      expect([path, firstLine, isNeeded]).toEqual([path, firstLine, true]);
      expect(reason).not.toBe('');
    }
  });

  test('is looked for by whoever tries its language', () => {
    for (const [language, file] of Object.entries(TRIED_BY)) {
      if (file === 'this file') continue;
      const source = readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), 'utf8');
      expect(source).toContain(`listBlocks('${language}')`);
    }
  });
});

describe('what is shown and not run', () => {
  const shown = all.filter(
    (block) => block.language === 'sh' && (isNotRun(block) || !isIn(SHELL_PAGES, block)),
  );

  test.skipIf(isMissing('bash')).each(shown.map((block) => [toName(block), block.code] as const))(
    'bash reads %s',
    async (_, code) => {
      // `<id>` stands for something of the reader's own.
      const input = new Blob([code.replaceAll(/<[a-z-]+>/g, 'x')]);
      const child = Bun.spawn(['bash', '-n'], { stdin: input, stderr: 'pipe' });
      expect([await new Response(child.stderr).text(), await child.exited]).toEqual(['', 0]);
    },
  );

  test('calls only commands that mailctl has', () => {
    const spans = listDocuments().flatMap(readCodeSpans);
    expect(spans.length).toBeGreaterThan(100);
    expect([...spans, ...shown.map(({ code }) => code)].flatMap(findUnknownCommands)).toEqual([]);
  });

  test('is looked up as a whole where there is nothing else in it', () => {
    expect(hasOnlyCalls('# first\n./dev mailctl send \\\n  --to a@example.com\n')).toBe(true);
    expect(hasOnlyCalls('mailctl whoami\nrm -r .\n')).toBe(false);
  });

  test('would be noticed', () => {
    expect(findUnknownCommands('./dev mailctl sned --to a@example.com')).toHaveLength(1);
    expect(findUnknownCommands('mailctl send --too a@example.com')).toEqual([
      'mailctl send --too a@example.com: --too',
    ]);
  });
});

test.each(listBlocks('json').map((block) => [toName(block), block] as const))('%s is JSON', (_, { code }) => {
  const value: unknown = JSON.parse(code);
  if (!Array.isArray(value)) return;
  const readText = () => createTestCertificate().key;
  expect(parseProviders(code, { env: EVERY_NAME, readText }).problems).toEqual([]);
});

test.each(listBlocks('yaml').map((block) => [toName(block), block] as const))('%s is YAML', (_, { code }) => {
  expect(Bun.YAML.parse(code)).toBeObject();
});

test('every test that a document names exists', () => {
  const named = listDocuments()
    .flatMap(readCodeSpans)
    .flatMap((span) => /^\S+\.test\.ts$/.exec(span) ?? []);
  expect(named.length).toBeGreaterThan(20);
  const there = [...new Bun.Glob('{server,sdk,cli,scripts,test,web}/**/*.test.ts').scanSync(ROOT)];
  expect(named.filter((name) => !there.some((path) => `/${path}`.endsWith(`/${name}`)))).toEqual([]);
});

/** An environment in which whatever an example names is set. */
const EVERY_NAME: Record<string, string> = new Proxy({}, { get: () => 'set' });

function readCodeSpans(path: string): string[] {
  const spans: string[] = [];
  const text = readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');
  Bun.markdown.render(text, {
    codespan(code) {
      spans.push(code);
      return null;
    },
  });
  return spans;
}
