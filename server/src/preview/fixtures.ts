import { posix } from 'node:path';
import { parseJsonObject, type JsonObject } from '../lib/engine/json-object.ts';
import type { TemplateSources } from '../lib/engine/engine.ts';

/** Props to try a template with, by the name of their file. */
export type Fixture = { name: string; props: JsonObject };

/** A fixture that cannot be used, as a place in the sources. */
export type BrokenFixture = { file: string; message: string };

/** The files `fixtures/<name>.json` beside the entry. */
export function readFixtures({ entry, files }: TemplateSources): {
  fixtures: readonly Fixture[];
  broken: readonly BrokenFixture[];
} {
  const folder = posix.join(posix.dirname(entry), 'fixtures/');
  const fixtures: Fixture[] = [];
  const broken: BrokenFixture[] = [];
  for (const file of Object.keys(files).toSorted()) {
    if (!file.startsWith(folder) || !file.endsWith('.json')) continue;
    const props = parseJsonObject(files[file] ?? '');
    if (props === null) broken.push({ file, message: 'A fixture is a JSON object of props' });
    else fixtures.push({ name: file.slice(folder.length, -'.json'.length), props });
  }
  return { fixtures, broken };
}
