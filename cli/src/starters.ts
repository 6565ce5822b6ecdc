import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The templates that a project can begin with. */
export const STARTERS = [
  { name: 'welcome', description: 'the first mail after somebody signs up' },
  { name: 'receipt', description: 'what was bought, and what it cost' },
  { name: 'password-reset', description: 'a link that is good for a while' },
  { name: 'digest', description: 'the news of a week' },
] as const;

/** Stands for none of them. */
export const NO_STARTER = 'none';

const FOLDER = fileURLToPath(new URL('../../templates', import.meta.url));

/** A starter's files by relative path. */
export async function readStarter(name: string): Promise<Record<string, string>> {
  const folder = join(FOLDER, name);
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile());
  return Object.fromEntries(
    await Promise.all(
      files.map(async (entry): Promise<[string, string]> => {
        const path = join(entry.parentPath, entry.name);
        return [relative(folder, path).split(sep).join('/'), await readFile(path, 'utf8')];
      }),
    ),
  );
}
