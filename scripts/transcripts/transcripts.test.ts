import { expect, test } from 'bun:test';
import { DOCUMENTS, fill, makeParts, readDocument } from './documents.ts';

test('the documents show what the commands show (bun scripts/transcripts.ts writes it anew)', async () => {
  const parts = await makeParts();
  for (const path of DOCUMENTS) {
    const document = readDocument(path);
    expect(fill(document, parts)).toBe(document);
  }
  const shown = DOCUMENTS.map(readDocument).join('\n');
  for (const { name } of parts) expect(shown).toContain(`<!-- made: ${name} -->`);
}, 180_000);

test('a part that nothing makes is an error', () => {
  expect(() => fill('<!-- made: nothing -->\nold\n<!-- end -->', [])).toThrow('nothing');
});
