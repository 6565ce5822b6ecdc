import { createProgram } from '../../cli/src/program.ts';
import { type CommandTree, toTree } from '../../cli/src/command-tree.ts';

const CALL = /(?:^|[\s;&|(`])mailctl ([a-z][^\n|;&#]*)/g;

/** What is wrong with the calls of mailctl in a text: commands and options that there are not. */
export function findUnknownCommands(text: string): string[] {
  const calls = [...text.replaceAll(/\\\n\s*/g, ' ').matchAll(CALL)];
  if (calls.length === 0) return [];
  const program = toTree(createProgram());
  return calls.flatMap(([, call = '']) => findUnknown(program, call.trim()));
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
