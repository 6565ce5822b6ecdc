import type { Command } from 'commander';

type Argument = {
  name: string;
  required: boolean;
  variadic: boolean;
  choices: readonly string[] | null;
  description: string;
};
type Option = {
  flags: string;
  required: boolean;
  takesValue: boolean;
  /** The only values that it takes; null where any is good. */
  choices: readonly string[] | null;
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
      choices: argument.argChoices ?? null,
      description: argument.description,
    })),
    options: command.options.map((option) => ({
      flags: option.flags,
      required: option.mandatory,
      takesValue: option.required || option.optional,
      choices: option.argChoices ?? null,
      default: option.defaultValue ?? null,
      description: option.description,
    })),
    commands: visibleCommands(command).map(toTree),
  };
}

/** Those that are meant to be called by people. */
export function visibleCommands(command: Command): Command[] {
  return command.commands.filter((child) => !child.name().startsWith('__'));
}
