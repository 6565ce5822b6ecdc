import { checkBoundaries } from './boundaries/check-boundaries.ts';
import { type Check, type CheckOutcome, toOutcome } from './check.ts';
import { checkContainers } from './containers.ts';
import { checkDependencies } from './dependencies.ts';
import { checkMigrations } from './migrations.ts';
import { runTool, TOOL_CHECKS } from './tools.ts';

/** The two scripts that run before any tool of ours does; bash only where there is one. */
async function checkShellSyntax(): Promise<CheckOutcome> {
  const bash = Bun.which('bash');
  const outcomes = await Promise.all([
    runTool(['/bin/sh', '-n', 'dev']),
    ...(bash ? [runTool([bash, '-n', '.ci/run'])] : []),
  ]);
  return toOutcome(outcomes.flatMap(({ isGood, output }) => (isGood ? [] : [output])));
}

const CHECKS: readonly Check[] = [
  ...TOOL_CHECKS,
  { name: 'boundaries', run: checkBoundaries },
  { name: 'dependencies', run: checkDependencies },
  { name: 'containers', run: checkContainers },
  { name: 'migrations', run: checkMigrations },
  { name: 'shell syntax', run: checkShellSyntax },
];

async function runGuarded(check: Check): Promise<CheckOutcome> {
  try {
    return await check.run();
  } catch (error) {
    // A check that breaks is a check that failed; the others still report.
    return { isGood: false, output: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function report(name: string, outcome: CheckOutcome, tookMs: number): void {
  const seconds = `${(tookMs / 1000).toFixed(1)} s`;
  const note = outcome.note ? `, ${outcome.note}` : '';
  console.log(`${outcome.isGood ? 'ok  ' : 'FAIL'}  ${name} (${seconds}${note})`);
  if (!outcome.isGood) console.log(outcome.output.replaceAll(/^/gm, '      '));
}

/** Runs every check at once, reports each as it ends, and resolves with the exit code. */
export async function runChecks(checks: readonly Check[] = CHECKS): Promise<number> {
  const results = await Promise.all(
    checks.map(async (check) => {
      const startedAt = performance.now();
      const outcome = await runGuarded(check);
      report(check.name, outcome, performance.now() - startedAt);
      return { name: check.name, isGood: outcome.isGood };
    }),
  );
  const failed = results.filter((result) => !result.isGood).map((result) => result.name);
  const verdict = failed.length === 0 ? 'all good' : `${failed.length} failed: ${failed.join(', ')}`;
  console.log(`${checks.length} checks, ${verdict}`);
  return failed.length === 0 ? 0 : 1;
}
