import { join } from 'node:path';
import type { LoadPlan, LoadResult } from './http-load.ts';

const GENERATOR = join(import.meta.dir, 'http-load.ts');

/**
 * Loads a server over HTTP from a process of its own.
 *
 * @throws Error where any answer was not a good one: a figure with failures in it would be of something else
 */
export async function loadServer(plan: LoadPlan): Promise<LoadResult> {
  const generator = Bun.spawn([process.execPath, GENERATOR], {
    stdin: new Blob([JSON.stringify(plan)]),
    stdout: 'pipe',
    stderr: 'inherit',
  });
  const result: LoadResult = await new Response(generator.stdout).json();
  if (result.failed > 0 || result.ok === 0) {
    throw new Error(
      `${result.failed} requests failed, ${result.ok} went well: ${result.firstFailure ?? 'no answer'}`,
    );
  }
  return result;
}
