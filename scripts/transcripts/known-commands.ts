import { createProgram } from '../../cli/src/program.ts';
import { type CommandTree, toTree } from '../../cli/src/command-tree.ts';

const CALL = /(?:^|[\s;&|(`])mailctl ([a-z][^\n|;&#]*)/g;

/** True for a block of calls of mailctl alone, of which all that can be told without a service is told by {@link findUnknownCommands}. */
export function hasOnlyCalls(code: string): boolean {
  const lines = toLines(code).filter((line) => line !== '' && !line.startsWith('#'));
  return lines.length > 0 && lines.every((line) => /^(\.\/dev )?mailctl /.test(line));
}

/** What is wrong with the calls of mailctl in a text: commands and options that there are not. */
export function findUnknownCommands(text: string): string[] {
  const calls = [...toLines(text).join('\n').matchAll(CALL)];
  if (calls.length === 0) return [];
  const program = toTree(createProgram());
  return calls.flatMap(([, call = '']) => findUnknown(program, call.trim()));
}

function toLines(text: string): string[] {
  const joined = text.replaceAll(/\\\n\s*/g, ' ');
  return joined.split('\n').map((line) => line.trim());
}

function findUnknown(program: CommandTree, call: string): string[] {
  const words = call.split(/\s+/);
  let command = program;
  while (command.commands.length > 0) {
    const next = command.commands.find(({ name }) => name === words[0]);
    // A group may be named without one of its commands, as in "mailctl template".
    if (!next) return words.length === 0 && command !== program ? [] : [`mailctl ${call}`];
    words.shift();
    command = next;
  }
  const known = ['--help', ...command.options.flatMap(({ flags }) => flags.match(/--?[a-z-]+/g) ?? [])];
  const options = words.flatMap((word) => /^(--?[a-z][a-z-]*)/.exec(word)?.[1] ?? []);
  return options.filter((option) => !known.includes(option)).map((option) => `mailctl ${call}: ${option}`);
}
