import type { SandboxMode } from './lockdown.ts';

/** Writes a sandbox's first request: how it shall lock itself in, and the runtime's script. */
export function encodeInitRequest(mode: SandboxMode, runtimeCode: string): string {
  return `${mode}\n${runtimeCode}`;
}

/** Splits what `encodeInitRequest` wrote. */
export function splitInitRequest(text: string): { mode: SandboxMode; runtimeCode: string } {
  const end = text.indexOf('\n');
  return { mode: text.slice(0, end) === 'trusted' ? 'trusted' : 'full', runtimeCode: text.slice(end + 1) };
}
