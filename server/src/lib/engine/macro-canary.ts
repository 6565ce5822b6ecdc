import { compileTemplate } from './compiler.ts';

/**
 * Compiles a template whose import is a macro, in a spelling that gets past the text checks and reaches Bun itself.
 * Throws unless Bun says that macros are off: a server that would run its clients' code while compiling must not
 * start, and neither must one on a Bun that no longer says so.
 */
export async function assertMacrosAreOff(compile: typeof compileTemplate = compileTemplate): Promise<void> {
  const result = await compile({
    entry: 'index.tsx',
    files: {
      'index.tsx': `import { run } from 'macro:./macro.ts';\nexport default () => run();`,
      'macro.ts': `export const run = () => 'a macro ran';`,
    },
  });
  const isRefused = !result.ok && result.errors.some(({ message }) => /macros are disabled/i.test(message));
  if (!isRefused)
    throw new Error('Bun.build does not refuse macros: templates could run code while they are compiled');
}
