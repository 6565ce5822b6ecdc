import { readFileSync } from 'node:fs';
import { Value } from '@sinclair/typebox/value';
import { type Given, nameOf, schemaProblems, semanticProblems } from './config/problems.ts';
import { withFiles } from './config/secret-files.ts';
import { EnvironmentSchema, SETTINGS } from './config/settings.ts';
import { type Config, type StorageSettings, toConfig } from './config/to-config.ts';
import { type ParsedProviders, parseProviders } from './lib/providers/settings-parse.ts';

export { type DescribedSetting, describeSettings } from './config/settings.ts';
export type { Config, RetryPolicy, StorageSettings } from './config/to-config.ts';

/** Names every wrong setting at once; values are left out because some of them are secrets. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The configuration is wrong:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

export type ParseConfigOptions = {
  /** Reads the files that settings name; the disk by default. */
  readText?: (path: string) => string;
};

/**
 * Turns an environment into a frozen configuration. Empty values count as unset, unknown names are ignored.
 *
 * @throws ConfigError naming every wrong setting at once
 */
export function parseConfig(
  given: Readonly<Record<string, string | undefined>>,
  { readText = readTextFile }: ParseConfigOptions = {},
): Config {
  const names = Object.keys(SETTINGS);
  const { env, problems: unread } = withFiles(given, { names, readText });
  const present = Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
  const candidate = Value.Default(EnvironmentSchema, Value.Convert(EnvironmentSchema, present));
  const wrong = schemaProblems(candidate);
  const valid: Given = Object.fromEntries(Object.entries(present).filter(([name]) => !wrong.has(name)));
  const named = parseNamedProviders(env, readText);
  // What stood in a file that cannot be read is missing too, which is no news.
  const isUnread = (name: string) => unread.some((problem) => problem.startsWith(`${name}_FILE `));
  const problems = [
    ...unread,
    ...[...wrong].flatMap(([name, problem]) => (isUnread(name) ? [] : problem)),
    ...semanticProblems(valid).filter((problem) => !wrong.has(nameOf(problem)) && !isUnread(nameOf(problem))),
    ...named.problems,
  ];
  if (problems.length > 0 || !Value.Check(EnvironmentSchema, candidate)) throw new ConfigError(problems);
  return Object.freeze(toConfig(candidate, named.providers));
}

/** The configuration of this process; the only place on the server that reads the environment. */
export function readConfig(overrides: Readonly<Record<string, string | undefined>> = {}): Config {
  const given = Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined));
  return parseConfig({ ...process.env, ...given });
}

/** The database of this process's environment alone, for work that needs neither queue nor provider. */
export function readDatabaseSettings(): StorageSettings {
  const { DATABASE_URL, DATABASE_URL_FILE, MAILER_DIR } = process.env;
  const { env } = withFiles(
    { DATABASE_URL, DATABASE_URL_FILE },
    { names: ['DATABASE_URL'], readText: readTextFile },
  );
  // A queue is part of every complete configuration; here nobody will connect to it.
  const queue = env['DATABASE_URL']?.startsWith('postgres') ? { REDIS_URL: 'redis://unused' } : {};
  return parseConfig({ SERVICE_ROLE: 'DEV', DATABASE_URL, DATABASE_URL_FILE, MAILER_DIR, ...queue }).storage;
}

/** Where this process's environment says that Redis is, for work that can do without it; null where it says nothing. */
export function readRedisUrl(): string | null {
  const { REDIS_URL, REDIS_URL_FILE } = process.env;
  const { env } = withFiles({ REDIS_URL, REDIS_URL_FILE }, { names: ['REDIS_URL'], readText: readTextFile });
  return env['REDIS_URL'] || null;
}

function readTextFile(path: string): string {
  return readFileSync(path, 'utf8');
}

function parseNamedProviders(
  env: Readonly<Record<string, string | undefined>>,
  readText: (path: string) => string,
): ParsedProviders {
  if (!env['PROVIDERS']) return { providers: [], problems: [] };
  return parseProviders(env['PROVIDERS'], { env, readText });
}
