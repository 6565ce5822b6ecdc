import { beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import vm from 'node:vm';
import { join } from 'node:path';
import { buildRuntimeBundle } from '../runtime-bundle.ts';

setDefaultTimeout(120_000);

const ENTRY = join(import.meta.dir, '..', '..', 'fixtures', 'writer-fuzz.ts');
/** `./dev test --full` tries more of them. */
const TREES = process.env['MAIL_TEST_FULL'] === '1' ? 100_000 : 5000;

type Fuzz = { start(from: number, count: number): void; take(): string | null };
type Findings = { tried: number; written: number; withText: number; differences: string[] };

let fuzz: Fuzz;

function isFuzz(value: unknown): value is Fuzz {
  return typeof value === 'object' && value !== null && 'start' in value && 'take' in value;
}

beforeAll(async () => {
  const context = vm.createContext(vm.constants.DONT_CONTEXTIFY);
  new vm.Script(await buildRuntimeBundle(ENTRY)).runInContext(context);
  const value: unknown = new vm.Script('globalThis.__fuzz').runInContext(context);
  if (!isFuzz(value)) throw new Error('The comparison does not load');
  fuzz = value;
});

async function compare(from: number, count: number): Promise<Findings> {
  fuzz.start(from, count);
  for (;;) {
    const json = fuzz.take();
    if (json !== null) return JSON.parse(json);
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}

test('writes what React writes, or leaves the mail to React', async () => {
  const { tried, written, withText, differences } = await compare(0, TREES);
  expect(differences).toEqual([]);
  expect(tried).toBe(TREES);
  // a writer that always gives up would differ nowhere
  expect(written).toBeGreaterThan(tried / 10);
  expect(withText).toBeGreaterThan(tried / 50);
});
