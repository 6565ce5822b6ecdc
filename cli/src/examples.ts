import type { Command } from 'commander';
import { programName } from './environment.ts';

/** Command lines that show how a command is used, at the end of its help. */
export function withExamples(command: Command, lines: readonly string[]): Command {
  const text = lines.map((line) => `  $ ${programName()} ${line}`).join('\n');
  return command.addHelpText('after', `\nExamples:\n${text}`);
}
