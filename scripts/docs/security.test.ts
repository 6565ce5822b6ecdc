import { expect, test } from 'bun:test';
import { join } from 'node:path';

const PAGE = join(import.meta.dir, '../../docs/security.md');
const HEADING = '| threat | wall | test |\n';

// That the tests exist which a document names is tested with its blocks.
test('every threat on the page of security has a test that attacks its wall', async () => {
  const tables = (await Bun.file(PAGE).text()).split(HEADING).slice(1);
  const rows = tables
    .flatMap((table) => table.split(/\n(?!\|)/, 1)[0]?.split('\n') ?? [])
    .filter((row) => !/^[|-]+$/.test(row));
  expect(rows.length).toBeGreaterThan(40);
  expect(rows.filter((row) => !/`[\w-]+\.test\.ts`/.test(row.split('|').at(-2) ?? ''))).toEqual([]);
});
