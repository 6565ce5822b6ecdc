import type { Command } from 'commander';
import { bold } from './output.ts';
import { parseDurationMs } from './parse-option.ts';

/** What the commands of clients' keys and of admin keys have in common. */

const MS_PER_S = 1000;

export const SHOWN_ONCE = bold('This is the only time the key is shown: keep it in a safe place.');

export function withKeyExpiry(command: Command): Command {
  return command.option('--expires <time>', 'when it ends: a time, or 30d from now');
}

export function withKeyId(command: Command): Command {
  return command.argument('<key>', 'id of the key');
}

export function withOverlap(command: Command): Command {
  return withKeyId(command).option('--overlap <duration>', 'how long both work', '1d');
}

/** @throws CommandError `usage` */
export function parseOverlapS(text: string): number {
  return parseDurationMs(text, '--overlap') / MS_PER_S;
}

export function askRotation(id: string, overlap: string): string {
  return `Rotate ${id}? It works for ${overlap} more.`;
}

export function askRevocation(id: string): string {
  return `Revoke ${id}? Whoever uses it is refused at once.`;
}
