import { existsSync } from 'node:fs';
import { type CheckOutcome, toOutcome } from '../check.ts';
import { readManifests } from '../manifests.ts';
import { buildModuleGraph, type ModuleGraph, type SourceTree } from './module-graph.ts';
import { proveRules } from './planted-violations.ts';
import { findViolations } from './rules.ts';

const CODE = '{server,sdk,cli,web,templates,scripts,bench,chaos}/**/*.{ts,tsx}';
/** Folders that hold the product: a graph without one of them has not seen it. */
const MUST_BE_SEEN = [
  'server/src/api/',
  'server/src/worker/',
  'server/src/lib/',
  'sdk/src/',
  'cli/src/',
  'web/src/',
  'templates/',
];

async function readSources(): Promise<Record<string, string>> {
  const paths = [...new Bun.Glob(CODE).scanSync('.')].filter(
    (path) => !/(^|\/)(node_modules|dist|fixtures)\//.test(path),
  );
  const entries = await Promise.all(
    paths.sort().map(async (path) => [path, await Bun.file(path).text()] as const),
  );
  return Object.fromEntries(entries);
}

async function readTree(): Promise<SourceTree> {
  const manifests = await readManifests();
  const workspaces = manifests.flatMap(({ name, entries }) => (name ? [[name, entries] as const] : []));
  return {
    sources: await readSources(),
    hasFile: (path) => existsSync(path),
    workspaces: Object.fromEntries(workspaces),
  };
}

function findBlindSpots(graph: ModuleGraph): string[] {
  const paths = [...graph.keys()];
  const unseen = MUST_BE_SEEN.filter((folder) => !paths.some((path) => path.startsWith(folder)));
  return unseen.map((folder) => `no module seen in ${folder}`);
}

/** Proves the rules on planted violations, then judges the tree on disk. */
export async function checkBoundaries(): Promise<CheckOutcome> {
  const graph = buildModuleGraph(await readTree());
  const violations = findViolations(graph).map(({ rule, path, message }) => `${rule}: ${path}: ${message}`);
  const complaints = [...proveRules(), ...findBlindSpots(graph), ...violations];
  return toOutcome(complaints, `${graph.size} modules`);
}
