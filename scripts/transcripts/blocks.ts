import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isNotRun } from './not-run.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A fenced block of a document. `isMade` where it is what a command showed, and is held against the command. */
export type Block = { path: string; language: string; code: string; isMade: boolean };

/** README and what is written for people, by their paths from the root. Decisions have nothing to try. */
export function listDocuments(): string[] {
  return ['README.md', ...new Bun.Glob('docs/*.md').scanSync(ROOT)].sort();
}

/** Every fenced block of a document, in order. */
export function readBlocks(path: string): Block[] {
  const blocks: Block[] = [];
  let isMade = false;
  Bun.markdown.render(readFileSync(join(ROOT, path), 'utf8'), {
    html(text) {
      isMade = text.includes('<!-- made:') || (isMade && !text.includes('<!-- end -->'));
      return null;
    },
    code(code, meta) {
      blocks.push({ path, language: meta?.language ?? '', code, isMade });
      return null;
    },
  });
  return blocks;
}

/** The blocks of all documents in one language that are to be tried: not those that a command has made. */
export function listBlocks(language: string): Block[] {
  return listDocuments()
    .flatMap(readBlocks)
    .filter((block) => block.language === language && !block.isMade && !isNotRun(block));
}
