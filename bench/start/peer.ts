import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

const CACHE = join(import.meta.dir, '..', '..', 'node_modules', '.cache', 'bench-peers');

/**
 * The entry of another tool, installed by npm into a cache of the benchmarks: a project of ours would not depend on it. Null where it
 * cannot be had, as without a network.
 */
export async function installPeer(name: string, version: string, entry: string): Promise<string | null> {
  const folder = join(CACHE, `${name}-${version}`);
  const path = join(folder, 'node_modules', name, entry);
  if (existsSync(path)) return path;
  await mkdir(folder, { recursive: true });
  const npm = Bun.spawn(
    ['npm', 'install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', `${name}@${version}`],
    { stdout: 'ignore', stderr: 'ignore', timeout: 60_000 },
  );
  await npm.exited;
  return existsSync(path) ? path : null;
}
