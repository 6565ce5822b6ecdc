import { type Command, Option } from 'commander';

type Choice = { flags: string; description: string; choices: readonly string[]; preset?: string };

/**
 * An option that takes one of a few words: its help names them, shells complete them, and anything else is refused before anything is
 * done.
 */
export function withChoice(command: Command, { flags, description, choices, preset }: Choice): Command {
  const option = new Option(flags, description).choices(choices);
  return command.addOption(preset === undefined ? option : option.default(preset));
}

/** The members of a closed list of the service's. The type holds it complete: one that is added there is missing here at compile time. */
export function membersOf<Member extends string>(all: Readonly<Record<Member, true>>): readonly Member[] {
  return Object.keys(all).filter((name): name is Member => name in all);
}
