import type { Check, CheckOutcome } from './check.ts';

/**
 * Runs a command to its end and takes its word for it. Tools run under this Bun and not through their shims in
 * node_modules/.bin, which ask for a `node` that need not be there.
 */
export async function runTool(command: readonly string[]): Promise<CheckOutcome> {
  const child = Bun.spawn([...command], { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' });
  const [output, errors, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { isGood: exitCode === 0, output: `${output}${errors}`.trim() };
}

const withBun = (script: string, ...words: string[]) => runTool([process.execPath, script, ...words]);

/** The checks that are somebody else's program. */
export const TOOL_CHECKS: readonly Check[] = [
  { name: 'format', run: () => withBun('node_modules/oxfmt/bin/oxfmt', '--list-different', '.') },
  { name: 'lint', run: () => withBun('node_modules/oxlint/bin/oxlint', '--deny-warnings', '--format=unix') },
  { name: 'types', run: () => withBun('node_modules/typescript/bin/tsc', '--noEmit', '-p', '.') },
  {
    name: 'types of the pages',
    run: () => withBun('node_modules/typescript/bin/tsc', '--noEmit', '-p', 'web'),
  },
  { name: 'unused code', run: () => withBun('node_modules/knip/bin/knip.js', '--no-progress') },
  {
    name: 'lockfile is frozen',
    run: () => runTool([process.execPath, 'install', '--frozen-lockfile', '--dry-run', '--ignore-scripts']),
  },
];
