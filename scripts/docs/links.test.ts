import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { anchorsOf, findDeadLinks, localLinksOf } from './links.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAGES = ['*.md', 'docs/**/*.md', 'examples/**/*.md', 'bench/*.md'].flatMap((pattern) =>
  Array.from(new Bun.Glob(pattern).scanSync(ROOT)),
);

describe('links between pages', () => {
  const folder = mkdtempSync(join(tmpdir(), 'links-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(PAGES.toSorted())('%s leads somewhere with every link', (page) => {
    expect(findDeadLinks(ROOT, page)).toEqual([]);
  });

  test('there are pages and links to check', () => {
    expect(PAGES).toContain('README.md');
    expect(PAGES.length).toBeGreaterThan(50);
  });

  test('a missing page, a missing anchor and a way out of the repository are noticed', () => {
    writeFileSync(join(folder, 'b.md'), '# One two\n## `code` & more!\n## One two\n');
    const links = ['b.md', 'b.md#one-two', 'b.md#code--more', 'b.md#one-two-1', '#here', 'https://x.test'];
    const dead = ['c.md', 'b.md#three', '#there', '../x.md', 'b.md#one-two-2'];
    writeFileSync(
      join(folder, 'a.md'),
      `# Here\n${[...links, ...dead].map((link) => `[x](${link})`).join('\n')}`,
    );
    expect(findDeadLinks(folder, 'a.md')).toEqual(dead.map((link) => `a.md: ${link}`));
  });

  test('code is no link and no heading', () => {
    const page = '```sh\n# comment\n[a](b)\n```\n`[c](d)` [e](f "title")\n';
    expect(localLinksOf(page)).toEqual(['f']);
    expect([...anchorsOf(page)]).toEqual([]);
  });
});
