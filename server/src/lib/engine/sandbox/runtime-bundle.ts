import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { BunPlugin } from 'bun';

const RUNTIME_DIR = join(import.meta.dir, 'runtime');

/** Libraries whose version can change a rendered byte, each with the package through which it is found. */
const VERSIONED_PACKAGES: readonly (readonly [name: string, through: string | null])[] = [
  ['react', null],
  ['react-dom', null],
  ['@sinclair/typebox', null],
  ['react-email', null],
  ['@react-email/render', 'react-email'],
  ['tailwindcss', 'react-email'],
  ['css-tree', 'react-email'],
];

/** Bun.build's option that keeps `with { type: 'macro' }` from running; bun-types does not list it yet. */
export type MacroFreeBuildConfig = Bun.BuildConfig & { macros: false };

/**
 * A short hash of everything that can change a rendered byte: library versions, Bun's own (it compiles templates),
 * and the sources of the runtime and of the compiler. Reading it costs a dozen small files.
 */
export function computeEngineVersion(): string {
  const hash = createHash('sha256');
  hash.update(`bun@${Bun.version}\n`);
  for (const [name, through] of VERSIONED_PACKAGES) hash.update(`${name}@${packageVersion(name, through)}\n`);
  const sources = readdirSync(RUNTIME_DIR).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
  );
  const paths = [
    ...sources.toSorted().map((file) => join(RUNTIME_DIR, file)),
    join(import.meta.dir, 'runtime-bundle.ts'),
    join(import.meta.dir, 'render-request.ts'),
    join(import.meta.dir, '..', 'compiler.ts'),
    join(import.meta.dir, '..', 'locales.ts'),
  ];
  for (const path of paths) hash.update(readFileSync(path)).update('\0');
  return hash.digest('hex').slice(0, 16);
}

function packageVersion(name: string, through: string | null): string {
  const from = through === null ? import.meta.dir : dirname(Bun.resolveSync(through, import.meta.dir));
  let folder = dirname(Bun.resolveSync(name, from));
  // an `exports` map may hide package.json, so it is looked for beside and above the entry file
  for (; folder !== dirname(folder); folder = dirname(folder)) {
    const manifest = readManifest(join(folder, 'package.json'));
    if (manifest?.name === name) return manifest.version;
  }
  throw new Error(`The package.json of ${name} cannot be found`);
}

function readManifest(path: string): { name: unknown; version: string } | null {
  try {
    const manifest: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof manifest !== 'object' || manifest === null || !('name' in manifest)) return null;
    if (!('version' in manifest) || typeof manifest.version !== 'string') return null;
    return { name: manifest.name, version: manifest.version };
  } catch {
    return null;
  }
}

/**
 * Bundles the sandbox's runtime (React, react-email, Tailwind, TypeBox and our part) into one script for a bare
 * realm. Throws when it does not bundle: that is a broken installation, not an outcome. Tests give an entry of their own.
 */
export async function buildRuntimeBundle(entry = join(RUNTIME_DIR, 'entry.ts')): Promise<string> {
  const config: MacroFreeBuildConfig = {
    entrypoints: [entry],
    target: 'browser',
    format: 'iife',
    minify: true,
    macros: false,
    throw: false,
    env: 'disable',
    define: { 'process.env.NODE_ENV': '"production"' },
    jsx: { runtime: 'automatic', importSource: 'react', development: false },
    plugins: [createRuntimePlugin()],
  };
  const result = await Bun.build(config);
  const output = result.outputs[0];
  if (!result.success || output === undefined) {
    throw new AggregateError(result.logs, 'The sandbox runtime does not bundle');
  }
  return output.text();
}

/** Prism's 290 languages are evaluated on first use: they cost more than all the rest of a sandbox's start. */
const LAZY_PRISM = `
let loaded;
const load = () => (loaded ??= require('eager-prism').Prism);
export const Prism = {
  get languages() { return load().languages; },
  get Token() { return load().Token; },
  tokenize(text, grammar) { return load().tokenize(text, grammar); },
};`;

/** `pretty()` formats for people who read html; it would triple the size of the runtime. */
const NO_PRETTIER = `export const format = () => { throw new Error('pretty() is not available in a template'); };`;

/** Where react-email keeps the CSS functions that our Tailwind reuses, below its `components/tailwind` folder. */
const CSS_FUNCTIONS: Readonly<Record<string, string>> = {
  setupTailwind: 'utils/tailwindcss/setup-tailwind',
  sanitizeStyleSheet: 'sanitize-stylesheet',
  extractRulesPerClass: 'utils/css/extract-rules-per-class',
  getCustomProperties: 'utils/css/get-custom-properties',
  sanitizeNonInlinableRules: 'utils/css/sanitize-non-inlinable-rules',
  downlevelForEmailClients: 'utils/css/downlevel-for-email-clients',
  separateAdjacentClosingBraces: 'utils/css/separate-adjacent-closing-braces',
  makeInlineStylesFor: 'utils/css/make-inline-styles-for',
  sanitizeClassName: 'utils/compatibility/sanitize-class-name',
};

/** The module behind `#react-email-css`: the package does not export these files, so they are named by path. */
function cssModule(reactEmail: string): string {
  const folder = join(dirname(reactEmail), 'components', 'tailwind');
  const cssTree = Bun.resolveSync('css-tree/dist/csstree.esm', dirname(reactEmail));
  const lines = Object.entries(CSS_FUNCTIONS).map(
    ([name, file]) => `export { ${name} } from ${JSON.stringify(join(folder, `${file}.mjs`))};`,
  );
  return [...lines, `export { List, generate, walk } from ${JSON.stringify(cssTree)};`].join('\n');
}

function createRuntimePlugin(): BunPlugin {
  const reactEmail = Bun.resolveSync('react-email', import.meta.dir);
  const reactDomEdge = Bun.resolveSync('react-dom/server.edge', import.meta.dir);
  const prism = join(dirname(reactEmail), 'components', 'code-block', 'prism.mjs');
  return {
    name: 'sandbox-runtime',
    setup(build) {
      // the edge build asks the least of its surroundings: timers, a text encoder and a stream
      build.onResolve({ filter: /^react-dom\/server$/ }, () => ({ path: reactDomEdge }));
      build.onResolve({ filter: /^prettier(\/|$)/ }, ({ path }) => ({ path, namespace: 'no-prettier' }));
      build.onLoad({ filter: /.*/, namespace: 'no-prettier' }, () => ({
        contents: NO_PRETTIER,
        loader: 'js',
      }));
      build.onResolve({ filter: /^#react-email-css$/ }, ({ path }) => ({ path, namespace: 'css' }));
      build.onLoad({ filter: /.*/, namespace: 'css' }, () => ({
        contents: cssModule(reactEmail),
        loader: 'js',
      }));
      build.onResolve({ filter: /\/prism\.mjs$/ }, () => ({ path: 'prism', namespace: 'lazy-prism' }));
      build.onLoad({ filter: /.*/, namespace: 'lazy-prism' }, () => ({ contents: LAZY_PRISM, loader: 'js' }));
      build.onResolve({ filter: /^eager-prism$/ }, () => ({ path: prism }));
    },
  };
}
