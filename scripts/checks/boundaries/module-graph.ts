import { posix } from 'node:path';
import { type ModuleFacts, type ModuleImport, readModuleFacts } from './module-facts.ts';

/** Where an import leads. */
export type Destination =
  | { kind: 'module'; path: string }
  /** A file that is no code: JSON, SQL, an archive. */
  | { kind: 'asset'; path: string }
  | { kind: 'package'; name: string }
  | { kind: 'nowhere' };

export type GraphImport = ModuleImport & { destination: Destination };
export type GraphModule = Omit<ModuleFacts, 'imports'> & { imports: readonly GraphImport[] };
/** Every source file by its path from the root. */
export type ModuleGraph = ReadonlyMap<string, GraphModule>;

/** The files to build a graph from, and nothing else: the rules never touch a disk. */
export type SourceTree = {
  /** Code by its path from the root. */
  sources: Readonly<Record<string, string>>;
  /** Whether there is any file at a path from the root. */
  hasFile(path: string): boolean;
  /** For each workspace package, its exports: subpath (`.`, `./engine`) to path from the root. */
  workspaces: Readonly<Record<string, Readonly<Record<string, string>>>>;
};

/** `@scope/name/sub` -> `@scope/name`. */
function packageNameOf(specifier: string): string {
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}

function toDestination(path: string, tree: SourceTree): Destination {
  if (path in tree.sources) return { kind: 'module', path };
  return tree.hasFile(path) ? { kind: 'asset', path } : { kind: 'nowhere' };
}

function resolveImport(from: string, specifier: string, tree: SourceTree): Destination {
  if (specifier.startsWith('.')) {
    return toDestination(posix.join(posix.dirname(from), specifier), tree);
  }
  const name = packageNameOf(specifier);
  const entries = tree.workspaces[name];
  if (!entries) return { kind: 'package', name };
  const target = entries[`.${specifier.slice(name.length)}`];
  return target === undefined ? { kind: 'nowhere' } : toDestination(target, tree);
}

/** Parses every source and resolves its imports. Imports carry their extension here, so nothing is guessed. */
export function buildModuleGraph(tree: SourceTree): ModuleGraph {
  const graph = new Map<string, GraphModule>();
  for (const [path, source] of Object.entries(tree.sources)) {
    const facts = readModuleFacts(path, source);
    const imports = facts.imports.map((one) => ({
      ...one,
      destination: resolveImport(path, one.specifier, tree),
    }));
    graph.set(path, { ...facts, imports });
  }
  return graph;
}

/**
 * The shortest chain of imports, types included, from a module to one that `isGoal` accepts: first the module
 * itself, last the goal. Null where there is none.
 */
export function findChain(
  graph: ModuleGraph,
  from: string,
  isGoal: (path: string) => boolean,
): readonly string[] | null {
  const cameFrom = new Map<string, string | null>([[from, null]]);
  const queue = [from];
  for (const path of queue) {
    if (path !== from && isGoal(path)) return chainTo(path, cameFrom);
    for (const { destination } of graph.get(path)?.imports ?? []) {
      if (destination.kind !== 'module' || cameFrom.has(destination.path)) continue;
      cameFrom.set(destination.path, path);
      queue.push(destination.path);
    }
  }
  return null;
}

function chainTo(goal: string, cameFrom: ReadonlyMap<string, string | null>): string[] {
  const chain: string[] = [];
  for (let path: string | null = goal; path !== null; path = cameFrom.get(path) ?? null) chain.unshift(path);
  return chain;
}
