import { join, posix, relative } from 'node:path';
// 7 has no stable compiler API yet.
import ts from 'typescript59';
import { flattenTypes } from './flatten-types.ts';

/** Declarations by file name without extension, as `.d.ts` text whose imports still end in `.ts`. */
export type Declarations = ReadonlyMap<string, string>;

/** Whatever the server's types are made of must not be named in what is published. */
const LEAKS = /elysia|@org\/mail-server|@sinclair|import\(/i;
const RELATIVE_IMPORT = /(from\s+|import\s+)(['"])(\.[^'"]*)\.ts\2/g;

/**
 * Writes the declarations that `entries` reach, with the types that come from the server spelled out.
 *
 * @throws Error where a type of the server's own would be left in them
 */
export function writeDeclarations(folder: string, entries: readonly string[]): Declarations {
  const program = createProgram(folder, entries);
  const texts = new Map<string, string>();
  const pending = [...entries];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (texts.has(name)) continue;
    const file = join(folder, `${name}.ts`);
    const text = name === 'types' ? flattenTypes(program, file) : emitDeclaration(program, file);
    const leak = LEAKS.exec(text);
    if (leak) throw new Error(`the declaration of ${name} names ${leak[0]}`);
    texts.set(name, text);
    pending.push(...importsOf(name, text));
  }
  return texts;
}

/** The same text for one module system: what it imports gets the extension that such modules have. */
export function toModuleDeclaration(text: string, extension: 'js' | 'cjs'): string {
  return text.replace(RELATIVE_IMPORT, `$1$2$3.${extension}$2`);
}

function createProgram(folder: string, entries: readonly string[]): ts.Program {
  const configPath = join(folder, '..', '..', 'tsconfig.json');
  const { config } = ts.readConfigFile(configPath, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, join(folder, '..', '..'));
  const files = entries.map((name) => join(folder, `${name}.ts`));
  return ts.createProgram(files, {
    ...options,
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    // What files of the package need of each other, marked @internal, is nobody else's.
    stripInternal: true,
  });
}

function emitDeclaration(program: ts.Program, file: string): string {
  let text: string | null = null;
  const source = program.getSourceFile(file);
  if (!source) throw new Error(`there is no ${file}`);
  program.emit(source, (_path, content) => void (text = content), undefined, true);
  if (text === null) throw new Error(`${relative('.', file)} cannot be declared`);
  return text;
}

function importsOf(name: string, text: string): string[] {
  const folder = posix.dirname(name);
  return [...text.matchAll(RELATIVE_IMPORT)].map(([, , , path = '']) =>
    posix.normalize(posix.join(folder, path)),
  );
}
