import { posix } from 'node:path';

/** A package.json of this repository, read for the checks. */
export type Manifest = {
  /** From the root: `package.json`, `server/package.json`. */
  path: string;
  name: string | null;
  /** Every dependency of every kind with its version as written. */
  dependencies: Readonly<Record<string, string>>;
  /** Its exports: subpath to path from the root. Of conditions the first counts. */
  entries: Readonly<Record<string, string>>;
};

const DEPENDENCY_KINDS = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'];

type JsonObject = Record<string, unknown>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function firstTarget(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return isObject(value) ? firstTarget(Object.values(value)[0]) : null;
}

function readEntries(folder: string, exports: unknown): Record<string, string> {
  const entries: Record<string, string> = {};
  for (const [subpath, value] of Object.entries(isObject(exports) ? exports : { '.': exports })) {
    const target = firstTarget(value);
    if (target !== null) entries[subpath] = posix.join(folder, target);
  }
  return entries;
}

function readDependencies(json: JsonObject): Record<string, string> {
  const all: Record<string, string> = {};
  for (const kind of DEPENDENCY_KINDS) {
    const section = json[kind];
    for (const [name, version] of Object.entries(isObject(section) ? section : {}))
      all[name] = String(version);
  }
  return all;
}

/** Turns the text of a package.json into what the checks need. */
export function parseManifest(path: string, text: string): Manifest {
  const json: unknown = JSON.parse(text);
  if (!isObject(json)) throw new Error(`${path} is no object`);
  return {
    path,
    name: typeof json['name'] === 'string' ? json['name'] : null,
    dependencies: readDependencies(json),
    entries: readEntries(posix.dirname(path), json['exports']),
  };
}

/** Reads the root's package.json and those of its workspaces. */
export async function readManifests(): Promise<Manifest[]> {
  const root: unknown = await Bun.file('package.json').json();
  const workspaces = isObject(root) && Array.isArray(root['workspaces']) ? root['workspaces'] : [];
  const paths = ['package.json', ...workspaces.map((folder) => `${String(folder)}/package.json`)];
  return Promise.all(paths.map(async (path) => parseManifest(path, await Bun.file(path).text())));
}
