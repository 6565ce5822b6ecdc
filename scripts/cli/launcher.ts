import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the executable holds: the path of the embedded archive, and a name for its content. */
export type Embedded = { archive: string; version: string };

/**
 * What the executable does when it starts: it unpacks itself into the cache, once for each version, and runs the program
 * there.
 */
export async function launch(embedded: Embedded): Promise<void> {
  const child = `/mailctl-${embedded.version}/node_modules/@org/mail-server/src/lib/engine/sandbox/child.ts`;
  // The engine starts its sandboxes with what it runs on itself: this file, some options of Bun, and the script; and without
  // an environment, which is why the script says where everything is.
  const last = process.argv.at(-1) ?? '';
  const script = last.endsWith(child)
    ? last
    : join(await unpack(embedded), 'node_modules/@org/mailctl/src/main.ts');
  await import(script);
}

async function unpack({ archive, version }: Embedded): Promise<string> {
  const { XDG_CACHE_HOME, HOME } = process.env;
  const base = XDG_CACHE_HOME || (HOME ? join(homedir(), '.cache') : tmpdir());
  const folder = join(base, 'mailctl', `mailctl-${version}`);
  if (existsSync(folder)) return folder;
  const draft = `${folder}.${process.pid}`;
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  await new Bun.Archive(await Bun.file(archive).bytes()).extract(draft);
  try {
    renameSync(draft, folder);
  } catch (error) {
    // Another start was faster, with the same.
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}
