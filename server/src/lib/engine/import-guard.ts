import type { BunPlugin } from 'bun';
import type { SourceError } from './source-errors.ts';
import type { TemplateSources } from './template-sources.ts';
import { resolveRelative, SHARED_FOLDER } from './relative-imports.ts';

/** The virtual folder that templates are compiled in. Nothing is ever read from the disk's folder of that name. */
export const VIRTUAL_ROOT = '/template/';

const NAMESPACE = 'template';

/** What a template may import besides its own files; the sandbox's runtime provides each. */
export const ALLOWED_PACKAGES: ReadonlySet<string> = new Set([
  'react',
  'react/jsx-runtime',
  'react-email',
  '@react-email/components',
  '@react-email/render',
  '@sinclair/typebox',
  'typebox',
]);

const LOADERS = { tsx: 'tsx', ts: 'ts', jsx: 'jsx', js: 'js', json: 'json' } as const;

const PACKAGE_HINT = `A template may import ${[...ALLOWED_PACKAGES].map((name) => `"${name}"`).join(', ')}, and its own files by relative paths`;

const SHARED_HINT = 'A shared file may import shared files only';

export type ImportGuard = {
  plugin: BunPlugin;
  /** What was refused; a plugin's own errors carry no position, so they are collected here instead. */
  readonly errors: readonly SourceError[];
};

/**
 * Creates a plugin that resolves every import of a template itself: from the given files or the allow-list, and
 * from nowhere else. Only static `import`/`export from` statements pass.
 */
export function createImportGuard({ entry, files }: TemplateSources): ImportGuard {
  const errors: SourceError[] = [];

  const resolveImport = (
    specifier: string,
    kind: string,
    importer: string,
  ): { path: string; namespace?: string } | null => {
    const from = importer.slice(importer.indexOf(VIRTUAL_ROOT) + VIRTUAL_ROOT.length);
    const refuse = (message: string, hint: string | null): null => {
      errors.push(locateSpecifier({ file: from, source: files[from] ?? '', specifier, message, hint }));
      return null;
    };
    if (kind !== 'import-statement') {
      return refuse(`${describeKind(kind)} is not allowed in a template`, 'Use a static import statement');
    }
    if (ALLOWED_PACKAGES.has(specifier)) return { path: specifier };
    if (!/^\.\.?\//.test(specifier))
      return refuse(`"${specifier}" cannot be imported by a template`, PACKAGE_HINT);
    const resolved = resolveRelative({ from, specifier, files });
    if (resolved.kind === 'outside')
      return refuse(
        `"${specifier}" leaves the template's folder`,
        from.startsWith(SHARED_FOLDER) ? SHARED_HINT : null,
      );
    if (resolved.kind === 'missing') return refuse(`"${specifier}" is not among the template's files`, null);
    return { path: VIRTUAL_ROOT + resolved.path, namespace: NAMESPACE };
  };

  const plugin: BunPlugin = {
    name: 'import-guard',
    setup(build) {
      build.onResolve({ filter: /.*/ }, ({ path, kind, importer }) => {
        if (kind === 'entry-point-build') return { path: VIRTUAL_ROOT + entry, namespace: NAMESPACE };
        const resolved = resolveImport(path, kind, importer);
        // refused ones are marked external too: the build goes on and finds every error in one go
        if (resolved === null) return { path, external: true };
        return resolved.namespace === undefined ? { path: resolved.path, external: true } : resolved;
      });
      build.onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => {
        const name = path.slice(VIRTUAL_ROOT.length);
        const source = Object.hasOwn(files, name) ? files[name] : undefined;
        if (source === undefined) throw new Error('A file outside of the template was asked for');
        return { contents: source, loader: loaderOf(name) };
      });
    },
  };
  return { plugin, errors };
}

function loaderOf(name: string): 'tsx' | 'ts' | 'jsx' | 'js' | 'json' {
  const extension = name.slice(name.lastIndexOf('.') + 1);
  return extension in LOADERS ? LOADERS[extension as keyof typeof LOADERS] : 'js';
}

function describeKind(kind: string): string {
  if (kind === 'require-call' || kind === 'require-resolve') return 'require()';
  if (kind === 'dynamic-import') return 'import()';
  return `An import by ${kind}`;
}

type RefusedSpecifier = {
  file: string;
  source: string;
  specifier: string;
  message: string;
  hint: string | null;
};

/** Finds where a specifier stands, for Bun's resolver does not say: the first quoted occurrence in the source. */
export function locateSpecifier({ file, source, specifier, message, hint }: RefusedSpecifier): SourceError {
  const found = ["'", '"', '`']
    .map((quote) => source.indexOf(quote + specifier + quote))
    .filter((index) => index >= 0);
  if (found.length === 0) return { file, line: null, column: null, lineText: null, message, hint };
  const index = Math.min(...found);
  const before = source.slice(0, index).split('\n');
  const line = before.length;
  const column = (before.at(-1)?.length ?? 0) + 1;
  return { file, line, column, lineText: source.split('\n')[line - 1] ?? null, message, hint };
}
