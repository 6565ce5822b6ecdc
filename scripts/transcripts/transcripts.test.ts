import { describe, expect, test } from 'bun:test';
import { isMissing } from '../../server/test/support/requires.ts';
import { fill, makeTranscripts, readDocument, TRANSCRIPT_PAGES } from './documents.ts';
import { makePageParts, type Part, SHELL_PAGES } from './pages.ts';

/** With many others at work on the machine. */
const TIMEOUT_MS = 300_000;

function expectShown(pages: readonly string[], parts: readonly Part[]): void {
  for (const path of pages) {
    const document = readDocument(path);
    expect(fill(document, parts)).toBe(document);
  }
  const shown = pages.map(readDocument).join('\n');
  for (const { name } of parts) expect(shown).toContain(`<!-- made: ${name} -->`);
}

describe('the documents show what the commands show (bun scripts/transcripts.ts writes it anew)', () => {
  test('mailctl', async () => expectShown(TRANSCRIPT_PAGES, await makeTranscripts()), TIMEOUT_MS);

  describe.skipIf(isMissing('bash', 'curl', 'openssl'))('commands of a page', () => {
    test.each(SHELL_PAGES)(
      '%s',
      async (path) => expectShown([path], await makePageParts(path, readDocument(path))),
      TIMEOUT_MS,
    );
  });
});

test('a part that nothing makes is an error', () => {
  expect(() => fill('<!-- made: nothing -->\nold\n<!-- end -->', [])).toThrow('nothing');
});
