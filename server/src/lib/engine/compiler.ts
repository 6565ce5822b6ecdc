import { Script } from 'node:vm';
import { ALLOWED_PACKAGES, createImportGuard, locateSpecifier, VIRTUAL_ROOT } from './import-guard.ts';
import { parseMessages, type LocaleMessages } from './locales.ts';
import type { MacroFreeBuildConfig } from './sandbox/runtime-bundle.ts';
import { TEMPLATE_FILENAME, toTemplateScript } from './sandbox/template-script.ts';
import { parseTemplateMap, type TemplateMap } from './source-map.ts';
import { sourceError, type SourceError } from './source-errors.ts';
import type { TemplateSources } from './template-sources.ts';

export type CompileResult = { ok: true; code: string } | { ok: false; errors: readonly SourceError[] };

/** Generated code larger than this is refused; sources are capped before, so only a folding bomb gets here. */
const MAX_CODE_BYTES = 8 * 1024 * 1024;

/**
 * Compiles checked sources to the body of a CommonJS module whose only imports are the allow-listed packages.
 * Nothing of the template runs: macros are off, and every specifier is resolved by the import guard.
 */
export async function compileTemplate(sources: TemplateSources): Promise<CompileResult> {
  const bypassed = findUnguardedImports(sources);
  if (bypassed.length > 0) return { ok: false, errors: bypassed };
  const locales = parseMessages(sources);
  if (!locales.ok) return locales;
  const bundled = await bundle(sources, 'none');
  if (!bundled.ok) return bundled;
  return checkCode(toMessagesCode(locales.messages) + bundled.code, sources);
}

/**
 * The map of sources that have been compiled before: it is only asked for when a template has failed, and making it
 * again takes milliseconds. Null when the sources do not compile, or not to this code.
 */
export async function compileMap(sources: TemplateSources, code: string): Promise<TemplateMap | null> {
  const locales = parseMessages(sources);
  if (!locales.ok) return null;
  const bundled = await bundle(sources, 'external');
  if (!bundled.ok || bundled.map === null) return null;
  const messagesCode = toMessagesCode(locales.messages);
  // all that a map adds to the code is a comment at its end
  const isSame = (messagesCode + bundled.code).startsWith(code.trimEnd());
  return isSame ? parseTemplateMap(bundled.map, messagesCode.length) : null;
}

type Bundled = { ok: true; code: string; map: string | null } | { ok: false; errors: readonly SourceError[] };

async function bundle(sources: TemplateSources, sourcemap: 'none' | 'external'): Promise<Bundled> {
  const guard = createImportGuard(sources);
  const config: MacroFreeBuildConfig = {
    entrypoints: [VIRTUAL_ROOT + sources.entry],
    root: '/',
    target: 'browser',
    format: 'cjs',
    plugins: [guard.plugin],
    macros: false,
    // a specifier that only a running template could know
    allowUnresolved: [],
    minify: true,
    sourcemap,
    throw: false,
    env: 'disable',
    jsx: { runtime: 'automatic', importSource: 'react', development: false },
    define: { 'process.env.NODE_ENV': '"production"' },
  };
  const result = await Bun.build(config);
  const errors = [...guard.errors, ...result.logs.filter((log) => log.level === 'error').map(toSourceError)];
  const output = result.outputs.find(({ kind }) => kind === 'entry-point');
  if (errors.length > 0) return { ok: false, errors };
  if (!result.success || output === undefined)
    return { ok: false, errors: [sourceError(null, 'The template does not compile')] };
  const map = result.outputs.find(({ kind }) => kind === 'sourcemap');
  return { ok: true, code: await output.text(), map: map === undefined ? null : await map.text() };
}

/** The messages of all locales travel with the code; as text, because `__proto__` in a literal is no key. */
function toMessagesCode(messages: LocaleMessages): string {
  if (Object.keys(messages).length === 0) return '';
  return `module.messages=JSON.parse(${JSON.stringify(JSON.stringify(messages))});`;
}

function failed(message: string): CompileResult {
  return { ok: false, errors: [sourceError(null, message)] };
}

/** Parses the result without running it: what is only valid in a module, like `import.meta`, is left in by Bun. */
function checkCode(code: string, sources: TemplateSources): CompileResult {
  if (code.length > MAX_CODE_BYTES) return failed('The compiled template is too large');
  const escaped = findEscapedImports(code, sources);
  if (escaped.length > 0) return { ok: false, errors: escaped };
  try {
    new Script(toTemplateScript(code), { filename: TEMPLATE_FILENAME });
    return { ok: true, code };
  } catch (error) {
    return failed(error instanceof Error ? error.message : 'The compiled template is not a script');
  }
}

/** What the code would still require that no guard has allowed: some of Bun's loaders never ask a plugin. */
function findEscapedImports(code: string, { files }: TemplateSources): SourceError[] {
  const imports = new Bun.Transpiler({ loader: 'js' }).scanImports(code);
  const escaped = imports.filter(({ kind, path }) => kind !== 'require-call' || !ALLOWED_PACKAGES.has(path));
  return escaped.map(({ path: specifier }) => {
    const message = `"${specifier}" cannot be imported by a template`;
    const places = Object.entries(files).map(([file, source]) =>
      locateSpecifier({ file, source, specifier, message, hint: null }),
    );
    return places.find(({ line }) => line !== null) ?? sourceError(null, message);
  });
}

/**
 * Import attributes choose Bun's own loaders, and some of those (`sqlite`) go past every plugin. JSON needs none,
 * so an attribute other than `json` is refused wherever an import statement's specifier is followed by one.
 */
function findUnguardedImports({ files }: TemplateSources): SourceError[] {
  return Object.entries(files).flatMap(([file, source]) => {
    const attributes = /(['"])([^'"\n]*)\1\s*(?:with|assert)\s*\{([^}]*)\}/g;
    return [...source.matchAll(attributes)].flatMap(([, , specifier = '', clause = '']) => {
      if (/^\s*(?:type|'type'|"type")\s*:\s*(?:'json'|"json")\s*,?\s*$/.test(clause)) return [];
      const isMacro = /['"]macro['"]/.test(clause);
      const message = isMacro
        ? 'Macros are not allowed in a template'
        : 'Only { type: "json" } is allowed here';
      const hint = isMacro
        ? 'A template must not run code while it is compiled'
        : 'Remove the import attribute';
      return [locateSpecifier({ file, source, specifier, message, hint })];
    });
  });
}

const HINTS: readonly (readonly [pattern: RegExp, hint: string])[] = [
  [/^Macros are disabled|macro/i, 'A template must not run code while it is compiled'],
  [/not a string literal/, 'Use a static import statement'],
  [/No matching export/, 'Check the name against what the imported file exports'],
  [/"await" can only be used/, 'Make the component an async function and await inside it'],
];

function toSourceError(log: BuildMessage | ResolveMessage): SourceError {
  const { message, position } = log;
  const hint = HINTS.find(([pattern]) => pattern.test(message))?.[1] ?? null;
  if (position === null) return sourceError(null, message, hint);
  const { file, line, column, lineText } = position;
  const start = file.indexOf(VIRTUAL_ROOT);
  const name = start < 0 ? file : file.slice(start + VIRTUAL_ROOT.length);
  return { file: name, line, column: Math.max(column, 1), lineText, message, hint };
}
