import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isNotRun } from './not-run.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A fenced block of a document. */
export type Block = { path: string; language: string; code: string };

/** README and what is written for people, by their paths from the root. Decisions have none to try. */
export function listDocuments(): string[] {
  return ['README.md', ...new Bun.Glob('docs/*.md').scanSync(ROOT)].sort();
}

/** Every fenced block of a document, in order. */
export function readBlocks(path: string): Block[] {
  const blocks: Block[] = [];
  Bun.markdown.render(readFileSync(join(ROOT, path), 'utf8'), {
    code(code, meta) {
      blocks.push({ path, language: meta?.language ?? '', code });
      return null;
    },
  });
  return blocks;
}

/** The blocks of all documents in one language, but for those that are named as never run. */
export function listBlocks(language: string): Block[] {
  return listDocuments()
    .flatMap(readBlocks)
    .filter((block) => block.language === language && !isNotRun(block));
}
