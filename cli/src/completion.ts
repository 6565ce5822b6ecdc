import type { Command, Option } from 'commander';
import { visibleCommands } from './command-tree.ts';
import { mailerOf } from './options.ts';
import { readProfiles } from './profiles.ts';

/** A shell waits for it with every keystroke of Tab. */
const TIMEOUT_MS = 1500;

/** What the last word could become; the words before it have been typed. */
export async function listCandidates(root: Command, words: readonly string[]): Promise<string[]> {
  const typed = words.slice(0, -1);
  const last = words.at(-1) ?? '';
  const { command, option, position } = walk(root, typed);
  const all = option
    ? await valuesOf(option)
    : last.startsWith('-')
      ? command.options.flatMap(({ long }) => (long ? [long] : []))
      : [...visibleCommands(command).map((child) => child.name()), ...(await argumentsOf(command, position))];
  return all.filter((candidate) => candidate.startsWith(last));
}

/** Where the words lead: which command, whether an option waits for its value, how many arguments there are already. */
function walk(
  root: Command,
  words: readonly string[],
): { command: Command; option: Option | null; position: number } {
  let command = root;
  let option: Option | null = null;
  let position = 0;
  for (const word of words) {
    if (option && !word.startsWith('-')) {
      option = option.variadic ? option : null;
      continue;
    }
    option = null;
    if (word.startsWith('-')) {
      const found = command.options.find(({ long, short }) => word === long || word === short);
      option = found?.required ? found : null;
      continue;
    }
    const child = visibleCommands(command).find((candidate) => candidate.name() === word);
    if (child) command = child;
    else position += 1;
  }
  return { command, option, position };
}

async function valuesOf({ long, argChoices }: Option): Promise<readonly string[]> {
  if (argChoices) return argChoices;
  if (long === '--profile') return readProfiles().profiles.map(({ name }) => name);
  if (long === '--template') return liveTemplates();
  return [];
}

/** By the words of `commands`: which arguments are names of templates. */
const TAKES_TEMPLATES = new Set(['send', 'pull', 'render', 'versions', 'rollback', 'delete']);

async function argumentsOf(command: Command, position: number): Promise<readonly string[]> {
  const argument = command.registeredArguments[position] ?? command.registeredArguments.at(-1);
  if (!argument || (position >= command.registeredArguments.length && !argument.variadic)) return [];
  if (command.name() === 'use') return readProfiles().profiles.map(({ name }) => name);
  if (argument.argChoices) return argument.argChoices;
  const isOfTemplates = command.parent?.name() === 'template' || command.name() === 'send';
  if (!isOfTemplates || !TAKES_TEMPLATES.has(command.name())) return [];
  return command.name() === 'rollback' && position > 0 ? [] : liveTemplates();
}

async function liveTemplates(): Promise<string[]> {
  const mailer = await mailerOf({});
  const page = await mailer.templates.list({ limit: 100 }, { timeoutMs: TIMEOUT_MS });
  return page.data.map(({ name }) => name);
}
