import { buildModuleGraph, type SourceTree } from './module-graph.ts';
import { findViolations, RULE_NAMES, type RuleName } from './rules.ts';

const WORKSPACES = {
  '@org/mail-server': {
    '.': 'server/src/api/app.ts',
    './engine': 'server/src/lib/engine.ts',
    './dev': 'server/src/dev/start.ts',
    './admin': 'server/src/admin/migrate.ts',
  },
  '@org/mail-sdk': { '.': 'sdk/src/index.ts' },
};

/** A small tree in which everything is where it belongs. */
const HEALTHY: Readonly<Record<string, string>> = {
  'server/src/api/app.ts': "import { queue } from '../lib/queue.ts'; export type App = typeof queue;",
  'server/src/worker/start.ts': "import { queue } from '../lib/queue.ts'; export const start = () => queue;",
  'server/src/lib/queue.ts': "import data from './data.json'; export const queue = data;",
  'server/src/lib/zone.ts': "process.env['TZ'] = 'UTC';",
  'server/src/lib/engine.ts': "export const child = new URL('./queue.ts', import.meta.url);",
  'server/src/admin/migrate.ts': "export const migrate = () => import('../lib/queue.ts');",
  'server/src/config.ts': 'export const config = () => process.env;',
  'server/src/index.ts': "import './api/app.ts'; import './worker/start.ts';",
  'server/src/dev/start.ts': "import '../index.ts';",
  'server/src/api/app.test.ts': "import '../worker/start.ts'; process.env['CI'];",
  'server/test/sink.ts': 'export const sink = Bun.env;',
  'sdk/src/index.ts': "import type { App } from '@org/mail-server'; export type Client = App;",
  'cli/src/main.ts':
    "import '@org/mail-server/engine'; import '@org/mail-server/dev'; import '@org/mail-sdk';",
  'cli/src/environment.ts': 'export const home = () => process.env.HOME;',
  'templates/welcome/index.tsx':
    "import { Html } from 'react-email'; import '../_shared/footer.tsx'; export default Html;",
  'templates/_shared/footer.tsx': "import React from 'react'; export const Footer = React.Fragment;",
};

export type PlantedViolation = { rule: RuleName; title: string; files: Readonly<Record<string, string>> };

/** For every rule the ways of breaking it that must be caught. */
export const PLANTED_VIOLATIONS: readonly PlantedViolation[] = [
  {
    rule: 'api-never-reaches-worker',
    title: 'directly',
    files: { 'server/src/api/a.ts': "import '../worker/start.ts';" },
  },
  {
    rule: 'api-never-reaches-worker',
    title: 'for a type',
    files: {
      'server/src/api/a.ts': "import type { start } from '../worker/start.ts'; export type S = typeof start;",
    },
  },
  {
    rule: 'api-never-reaches-worker',
    title: 'through lib, by a dynamic import and a re-export',
    files: {
      'server/src/api/a.ts': "export * from '../lib/one.ts';",
      'server/src/lib/one.ts': "export const two = () => import('./two.ts');",
      'server/src/lib/two.ts': "export { start } from '../worker/start.ts';",
    },
  },
  {
    rule: 'api-never-reaches-worker',
    title: 'through the role switch',
    files: { 'server/src/api/a.ts': "import '../index.ts';" },
  },
  {
    rule: 'worker-never-reaches-api',
    title: 'by a type expression',
    files: { 'server/src/worker/a.ts': "export type App = import('../api/app.ts').App;" },
  },
  {
    rule: 'worker-never-reaches-api',
    title: 'through the package itself',
    files: { 'server/src/worker/a.ts': "import type { App } from '@org/mail-server'; export type A = App;" },
  },
  {
    rule: 'lib-reaches-neither-side',
    title: 'by require',
    files: { 'server/src/lib/a.ts': "require('../api/app.ts');" },
  },
  {
    rule: 'lib-reaches-neither-side',
    title: 'by naming a file to spawn',
    files: { 'server/src/lib/a.ts': "new URL('../worker/start.ts', import.meta.url);" },
  },
  {
    rule: 'only-roles-name-both-sides',
    title: 'from a file between them',
    files: {
      'server/src/both.ts': "import './half.ts'; import './worker/start.ts';",
      'server/src/half.ts': "import './api/app.ts';",
    },
  },
  {
    rule: 'sdk-takes-types-only',
    title: 'by value',
    files: { 'sdk/src/a.ts': "import { app } from '@org/mail-server'; export { app };" },
  },
  {
    rule: 'sdk-takes-types-only',
    title: 'by an inline type, which keeps the import itself',
    files: { 'sdk/src/a.ts': "import { type App } from '@org/mail-server'; export type A = App;" },
  },
  {
    rule: 'sdk-takes-types-only',
    title: 'by value from an entry meant for the client',
    files: { 'sdk/src/a.ts': "export { child } from '@org/mail-server/engine';" },
  },
  {
    rule: 'cli-takes-types-and-four-entries',
    title: 'by value',
    files: { 'cli/src/a.ts': "import { app } from '@org/mail-server'; export { app };" },
  },
  {
    rule: 'workspaces-meet-at-their-entries',
    title: 'by a path into the server',
    files: {
      'cli/src/a.ts':
        "import type { queue } from '../../server/src/lib/queue.ts'; export type Q = typeof queue;",
    },
  },
  ...[
    'export const x = process.env.X;',
    'process.env.X ??= process.env.Y;',
    "export const x = process['env'];",
    'export const x = Bun.env.X;',
    'export const x = import.meta.env;',
    'export const x = globalThis.process.env;',
    'export const { env } = process;',
    'export const { env: { X } } = process;',
    "import { env } from 'node:process'; export const x = env;",
    "import { env as e } from 'bun'; export const x = e;",
    "import disguised from 'node:process'; export const x = disguised.env;",
  ].map((source) => ({
    rule: 'one-reader-of-the-environment' as const,
    title: source,
    files: { 'server/src/lib/a.ts': source },
  })),
  {
    rule: 'templates-import-what-the-sandbox-has',
    title: 'a runtime module',
    files: { 'templates/welcome/a.ts': "import { readFileSync } from 'node:fs'; export { readFileSync };" },
  },
  {
    rule: 'templates-import-what-the-sandbox-has',
    title: 'another template',
    files: { 'templates/receipt/a.tsx': "export { default } from '../welcome/index.tsx';" },
  },
  {
    rule: 'no-test-code-in-the-product',
    title: 'from the test folder',
    files: { 'server/src/lib/a.ts': "import '../../test/sink.ts';" },
  },
  {
    rule: 'imports-lead-somewhere',
    title: 'a file that is not there',
    files: { 'server/src/lib/a.ts': "import './gone.ts';" },
  },
  {
    rule: 'imports-lead-somewhere',
    title: 'an entry that the package does not have',
    files: { 'cli/src/a.ts': "import type { x } from '@org/mail-server/lib'; export type X = typeof x;" },
  },
  {
    rule: 'imports-can-be-followed',
    title: 'a computed import',
    files: { 'server/src/api/a.ts': "export const load = (side: string) => import('../' + side);" },
  },
];

function toTree(files: Readonly<Record<string, string>>): SourceTree {
  return { sources: files, hasFile: (path) => path.endsWith('.json'), workspaces: WORKSPACES };
}

/**
 * Proves that the rules still see: the healthy tree has no violation, every planted one is caught under the
 * name of its rule, and no rule is without one. Returns what is wrong, empty where all is well.
 */
export function proveRules(): string[] {
  const falseAlarms = findViolations(buildModuleGraph(toTree(HEALTHY)));
  const missed = PLANTED_VIOLATIONS.filter(({ rule, files }) => {
    const violations = findViolations(buildModuleGraph(toTree({ ...HEALTHY, ...files })));
    return !violations.some((one) => one.rule === rule && one.path in files);
  });
  const untested = RULE_NAMES.filter((rule) => !PLANTED_VIOLATIONS.some((one) => one.rule === rule));
  return [
    ...falseAlarms.map(({ rule, path, message }) => `false alarm: ${rule}: ${path}: ${message}`),
    ...missed.map(({ rule, title }) => `not caught: ${rule}: ${title}`),
    ...untested.map((rule) => `no planted violation: ${rule}`),
  ];
}
