import type { Subprocess } from 'bun';

export type Finished = { exitCode: number; stdout: string; stderr: string };

/** Reads a piped program to its end: both streams at once, because a full pipe would stall it. */
export async function collectOutput(
  child: Subprocess<'ignore' | Uint8Array, 'pipe', 'pipe'>,
): Promise<Finished> {
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { exitCode, stdout, stderr };
}
