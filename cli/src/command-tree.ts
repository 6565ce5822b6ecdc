import type { Command } from 'commander';

type Argument = { name: string; required: boolean; variadic: boolean; description: string };
type Option = {
  flags: string;
  required: boolean;
  takesValue: boolean;
  default: unknown;
  description: string;
};

/** A command as data. */
export type CommandTree = {
  name: string;
  description: string;
  usage: string;
  arguments: readonly Argument[];
  options: readonly Option[];
  commands: readonly CommandTree[];
};

/** The whole tree below a command, hidden commands left out. */
export function toTree(command: Command): CommandTree {
  return {
    name: command.name(),
    description: command.description(),
    usage: command.usage(),
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.name(),
      required: argument.required,
      variadic: argument.variadic,
      description: argument.description,
    })),
    options: command.options.map(({ flags, mandatory, required, optional, defaultValue, description }) => ({
      flags,
      required: mandatory,
      takesValue: required || optional,
      default: defaultValue ?? null,
      description,
    })),
    commands: visibleCommands(command).map(toTree),
  };
}

/** Those that are meant to be called by people. */
export function visibleCommands(command: Command): Command[] {
  return command.commands.filter((child) => !child.name().startsWith('__'));
}
