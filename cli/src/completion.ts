import type { Command, Option } from 'commander';
import { visibleCommands } from './command-tree.ts';
import { mailerOf } from './options.ts';
import { readProfiles } from './profiles.ts';

/** A shell waits for it with every Tab. */
const TIMEOUT_MS = 1500;

/** What a word could become, and a few words about it for shells that show them. */
export type Candidate = { word: string; about: string };

/** What the last word could become; the words before it have been typed. */
export async function listCandidates(root: Command, words: readonly string[]): Promise<Candidate[]> {
  const { typed, prefix, last } = split(words);
  const { command, option, position } = walk(root, typed);
  const all = option
    ? await valuesOf(option)
    : last.startsWith('-')
      ? optionsOf(command)
      : [...commandsOf(command), ...(await argumentsOf(command, position))];
  return all
    .filter(({ word }) => word.startsWith(last))
    .map(({ word, about }) => ({ word: `${prefix}${word}`, about }));
}

type Split = { typed: readonly string[]; prefix: string; last: string };

/** `--status=su` is one word to most shells, and three to bash, which completes the third alone. */
function split(words: readonly string[]): Split {
  const word = words.at(-1) ?? '';
  const typed = words.slice(0, -1).filter((text) => text !== '=');
  if (word === '=') return { typed, prefix: '', last: '' };
  const [, prefix = '', name = '', last = word] = /^((--[^=]+)=)(.*)$/.exec(word) ?? [];
  return { typed: name === '' ? typed : [...typed, name], prefix, last };
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
      option = found?.required || found?.argChoices ? found : null;
      continue;
    }
    const child = visibleCommands(command).find((candidate) => candidate.name() === word);
    if (child) command = child;
    else position += 1;
  }
  return { command, option, position };
}

function commandsOf(command: Command): Candidate[] {
  return visibleCommands(command).map((child) => ({ word: child.name(), about: child.description() }));
}

function optionsOf(command: Command): Candidate[] {
  return command.options.flatMap(({ long, description }) =>
    long ? [{ word: long, about: description }] : [],
  );
}

type Source = () => Candidate[] | Promise<Candidate[]>;

/** By the names of options. */
const OF_OPTIONS: Readonly<Record<string, Source>> = {
  '--profile': listProfiles,
  '--template': listTemplates,
  '--client': listClients,
  '--provider': listProviders,
};

/** By the words of the command and the name of the argument. */
const OF_ARGUMENTS: Readonly<Record<string, Source>> = {
  'send template': listTemplates,
  'template pull names': listTemplates,
  'template render template': listTemplates,
  'template versions name': listTemplates,
  'template rollback name': listTemplates,
  'template delete names': listTemplates,
  'provider events name': listProviders,
  'profile use name': listProfiles,
  'client get client': listClients,
  'client update client': listClients,
  'client suspend client': listClients,
  'client delete client': listClients,
};

function valuesOf({ long, argChoices }: Option): Candidate[] | Promise<Candidate[]> {
  return argChoices ? argChoices.map(toPlain) : (OF_OPTIONS[long ?? '']?.() ?? []);
}

function argumentsOf(command: Command, position: number): Candidate[] | Promise<Candidate[]> {
  const last = command.registeredArguments.at(-1);
  const argument = command.registeredArguments[position] ?? (last?.variadic ? last : undefined);
  if (!argument) return [];
  if (argument.argChoices) return argument.argChoices.map(toPlain);
  return OF_ARGUMENTS[`${pathOf(command)} ${argument.name()}`]?.() ?? [];
}

function pathOf(command: Command): string {
  const { parent } = command;
  return parent?.parent ? `${pathOf(parent)} ${command.name()}` : command.name();
}

function toPlain(word: string): Candidate {
  return { word, about: '' };
}

function listProfiles(): Candidate[] {
  return readProfiles().profiles.map(({ name, url }) => ({ word: name, about: url }));
}

async function listTemplates(): Promise<Candidate[]> {
  const mailer = await mailerOf({});
  const page = await mailer.templates.list({ limit: 100 }, soon());
  return page.data.map(({ name, version }) => ({ word: name, about: `version ${version}` }));
}

async function listClients(): Promise<Candidate[]> {
  const mailer = await mailerOf({}, { isAdmin: true });
  const page = await mailer.clients.list({ limit: 100 }, soon());
  return page.data.map(({ name, status }) => ({ word: name, about: status }));
}

async function listProviders(): Promise<Candidate[]> {
  const mailer = await mailerOf({}, { isAdmin: true });
  const { data } = await mailer.providers.list(soon());
  return data.map(({ name }) => toPlain(name));
}

/** Repeats included. */
function soon(): { signal: AbortSignal } {
  return { signal: AbortSignal.timeout(TIMEOUT_MS) };
}
