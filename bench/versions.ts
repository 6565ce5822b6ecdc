import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** `name version` of packages, as the server pins them. */
export function versionsOf(names: readonly string[]): string[] {
  const path = join(import.meta.dir, '..', 'server', 'package.json');
  const manifest: unknown = JSON.parse(readFileSync(path, 'utf8'));
  const isObject = typeof manifest === 'object' && manifest !== null && 'dependencies' in manifest;
  const dependencies = new Map<string, unknown>(isObject ? Object.entries(manifest.dependencies ?? {}) : []);
  return names.map((name) => `${name} ${String(dependencies.get(name))}`);
}
