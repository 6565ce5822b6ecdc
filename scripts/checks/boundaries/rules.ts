import { ALLOWED_PACKAGES } from '../../../server/src/lib/engine/import-guard.ts';
import { findChain, type GraphImport, type GraphModule, type ModuleGraph } from './module-graph.ts';

/** Every rule that is checked; each has a planted violation in planted-violations.ts. */
export const RULE_NAMES = [
  'api-never-reaches-worker',
  'worker-never-reaches-api',
  'lib-reaches-neither-side',
  'only-roles-name-both-sides',
  'sdk-takes-types-only',
  'cli-takes-types-and-four-entries',
  'workspaces-meet-at-their-entries',
  'one-reader-of-the-environment',
  'templates-import-what-the-sandbox-has',
  'no-test-code-in-the-product',
  'imports-lead-somewhere',
  'imports-can-be-followed',
] as const;

export type RuleName = (typeof RULE_NAMES)[number];

export type Violation = { rule: RuleName; path: string; message: string };

type Rule = (module: GraphModule, graph: ModuleGraph) => readonly string[];

const SERVER_PACKAGE = '@org/mail-server';
const CLI_ENTRIES = new Set([
  `${SERVER_PACKAGE}/engine`,
  `${SERVER_PACKAGE}/dev`,
  `${SERVER_PACKAGE}/admin`,
  `${SERVER_PACKAGE}/preview`,
]);
const ENVIRONMENT_READERS = new Set([
  'server/src/config.ts',
  'cli/src/environment.ts',
  'sdk/src/environment.ts',
]);

const isIn = (path: string, folder: string): boolean => path.startsWith(`${folder}/`);
const isApi = (path: string): boolean => isIn(path, 'server/src/api');
const isWorker = (path: string): boolean => isIn(path, 'server/src/worker');
const isLib = (path: string): boolean => isIn(path, 'server/src/lib');
/** The two places that put a whole process together. */
const isRole = (path: string): boolean => path === 'server/src/index.ts' || isIn(path, 'server/src/dev');
const isProduct = (path: string): boolean => /^(server|sdk|cli|web)\/src\//.test(path) && !isTestCode(path);

function isTestCode(path: string): boolean {
  return /\.test\.tsx?$/.test(path) || /^(?:[^/]+\/)?test\//.test(path);
}

function refuseChain(graph: ModuleGraph, from: string, isGoal: (path: string) => boolean): string[] {
  const chain = findChain(graph, from, isGoal);
  return chain ? [chain.join(' -> ')] : [];
}

function refuseImports(module: GraphModule, isRefused: (one: GraphImport) => boolean): string[] {
  const refused = module.imports.filter((one) => isRefused(one));
  return refused.map(({ specifier, line }) => `line ${line}: ${specifier}`);
}

function isServerValue({ specifier, isTypeOnly }: GraphImport): boolean {
  return !isTypeOnly && (specifier === SERVER_PACKAGE || specifier.startsWith(`${SERVER_PACKAGE}/`));
}

function checkNamesBoth(module: GraphModule, graph: ModuleGraph): string[] {
  const { path } = module;
  const isBound =
    isIn(path, 'server/src') && !isApi(path) && !isWorker(path) && !isLib(path) && !isRole(path);
  if (!isBound) return [];
  const toApi = findChain(graph, path, isApi);
  const toWorker = findChain(graph, path, isWorker);
  return toApi && toWorker ? [`${toApi.join(' -> ')}; ${toWorker.join(' -> ')}`] : [];
}

/** A template sees itself, partials in `_shared` beside it, and the packages of the sandbox. */
function isForeignToTemplate(module: GraphModule, { specifier, destination }: GraphImport): boolean {
  if (!specifier.startsWith('.')) return !ALLOWED_PACKAGES.has(specifier);
  if (destination.kind !== 'module' && destination.kind !== 'asset') return false;
  const [top, name] = module.path.split('/');
  const own = `${top}/${name}`;
  return !isIn(destination.path, own) && !isIn(destination.path, `${top}/_shared`);
}

const RULES: Readonly<Record<RuleName, Rule>> = {
  'api-never-reaches-worker': ({ path }, graph) => (isApi(path) ? refuseChain(graph, path, isWorker) : []),
  'worker-never-reaches-api': ({ path }, graph) => (isWorker(path) ? refuseChain(graph, path, isApi) : []),
  'lib-reaches-neither-side': ({ path }, graph) =>
    isLib(path) ? refuseChain(graph, path, (goal) => isApi(goal) || isWorker(goal)) : [],
  'only-roles-name-both-sides': checkNamesBoth,
  'sdk-takes-types-only': (module) => (isIn(module.path, 'sdk') ? refuseImports(module, isServerValue) : []),
  'cli-takes-types-and-four-entries': (module) =>
    isIn(module.path, 'cli')
      ? refuseImports(module, (one) => isServerValue(one) && !CLI_ENTRIES.has(one.specifier))
      : [],
  'workspaces-meet-at-their-entries': (module) =>
    isProduct(module.path)
      ? refuseImports(module, ({ specifier, destination }) => {
          const home = module.path.split('/')[0] ?? '';
          const leads = destination.kind === 'module' || destination.kind === 'asset';
          return specifier.startsWith('.') && leads && !isIn(destination.path, home);
        })
      : [],
  'one-reader-of-the-environment': ({ path, environmentReads }) =>
    isProduct(path) && !ENVIRONMENT_READERS.has(path) ? environmentReads.map((line) => `line ${line}`) : [],
  'templates-import-what-the-sandbox-has': (module) =>
    isIn(module.path, 'templates') ? refuseImports(module, (one) => isForeignToTemplate(module, one)) : [],
  'no-test-code-in-the-product': (module) =>
    isProduct(module.path)
      ? refuseImports(
          module,
          ({ destination }) => destination.kind === 'module' && isTestCode(destination.path),
        )
      : [],
  'imports-lead-somewhere': (module) =>
    refuseImports(module, ({ destination }) => destination.kind === 'nowhere'),
  'imports-can-be-followed': ({ path, computedImports }) =>
    isProduct(path) ? computedImports.map((line) => `line ${line}`) : [],
};

/**
 * Judges a module graph. Types count as imports between the two sides of the server: a type that one side owns
 * and the other needs belongs in lib. Test code may reach anything that exists.
 */
export function findViolations(graph: ModuleGraph): Violation[] {
  const violations: Violation[] = [];
  for (const module of graph.values()) {
    for (const rule of RULE_NAMES) {
      if (isTestCode(module.path) && rule !== 'imports-lead-somewhere') continue;
      const messages = RULES[rule](module, graph);
      violations.push(...messages.map((message) => ({ rule, path: module.path, message })));
    }
  }
  return violations;
}
