import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from './command-error.ts';
import { connectionFromEnvironment, devFolder, programName } from './environment.ts';
import { findProfile, type Profile, type Profiles, readKey, readProfiles } from './profiles.ts';
import { isRecord } from './record.ts';

/** Which service to talk to, and as whom. */
export type Connection = { baseUrl: string; apiKey: string };

export type ConnectionFlags = { url?: string; apiKey?: string; profile?: string };

/** Where something was found, for `whoami` and `doctor`. */
export type Origin = 'flag' | 'environment' | `profile ${string}` | 'mailctl dev' | 'default';

export type FoundConnection = {
  baseUrl: string;
  apiKey: string | null;
  urlFrom: Origin;
  keyFrom: Origin | null;
};

export type ResolveOptions = {
  /** The command is an operator's: of the two keys that `mailctl dev` keeps, the admin's. */
  isAdmin?: boolean;
};

export const DEFAULT_URL = 'http://127.0.0.1:3025';

/** Something that has a URL, and perhaps a key for it. */
type Place = { url: string; from: Origin; readKey(): Promise<string | null> };

/**
 * A flag comes before the environment, and that before what is kept: the service that `mailctl dev` runs in this folder, or
 * the profile of the last login. A kept key goes only to the URL it was kept for, wherever that URL was found.
 *
 * @throws CommandError `not_authenticated` where there is no key
 */
export async function resolveConnection(
  flags: ConnectionFlags,
  options: ResolveOptions = {},
): Promise<Connection> {
  const { baseUrl, apiKey, urlFrom } = await findConnection(flags, options);
  if (apiKey === null) {
    throw new CommandError(
      'not_authenticated',
      urlFrom === 'default' ? 'There is no API key.' : `There is no API key for ${baseUrl}.`,
      `Set MAIL_API_KEY, pass --api-key, log in with "${programName()} login", or start a service here with "${programName()} dev".`,
    );
  }
  return { baseUrl, apiKey };
}

/** The same, for those who can do without a key. */
export async function findConnection(
  flags: ConnectionFlags,
  { isAdmin = false }: ResolveOptions = {},
): Promise<FoundConnection> {
  const environment = connectionFromEnvironment();
  const known = readProfiles();
  const place = choosePlace({ known, flags, environment, isAdmin });
  // A profile that was asked for by flag stands before the environment, as any flag does.
  const isFlagged = flags.profile !== undefined;
  const url = flags.url ?? (isFlagged ? undefined : environment.baseUrl) ?? place?.url ?? DEFAULT_URL;
  const baseUrl = assertUrl(url);
  const urlFrom: Origin = flags.url
    ? 'flag'
    : !isFlagged && environment.baseUrl
      ? 'environment'
      : (place?.from ?? 'default');
  if (flags.apiKey) return { baseUrl, apiKey: flags.apiKey, urlFrom, keyFrom: 'flag' };
  if (!isFlagged && environment.apiKey) {
    return { baseUrl, apiKey: environment.apiKey, urlFrom, keyFrom: 'environment' };
  }
  const keeper = [place, ...known.profiles.map(toPlace)].find((candidate) =>
    isSameOrigin(candidate, baseUrl),
  );
  const apiKey = (await keeper?.readKey()) ?? null;
  return { baseUrl, apiKey, urlFrom, keyFrom: apiKey === null ? null : (keeper?.from ?? null) };
}

type PlaceOptions = {
  known: Profiles;
  flags: ConnectionFlags;
  environment: ConnectionFlags;
  isAdmin: boolean;
};

function choosePlace({ known, flags, environment, isAdmin }: PlaceOptions): Place | null {
  const named = flags.profile ?? environment.profile;
  if (named !== undefined) return toPlace(findProfile(known, named));
  const dev = findDev(isAdmin);
  // What runs in this folder is nearer than whatever was logged in to last; what only ran here once is not.
  if (dev?.isRunning) return dev.place;
  if (known.current !== null) return toPlace(findProfile(known, known.current));
  return dev?.place ?? null;
}

function toPlace(profile: Profile): Place {
  return { url: profile.url, from: `profile ${profile.name}`, readKey: () => readKey(profile) };
}

function findDev(isAdmin: boolean): { place: Place; isRunning: boolean } | null {
  const folder = devFolder();
  const instance = readJson(join(folder, 'instance.json'));
  const keys = readJson(join(folder, 'credentials.json'));
  const key = keys?.[isAdmin ? 'adminApiKey' : 'apiKey'];
  if (typeof key !== 'string') return null;
  const url = typeof instance?.url === 'string' ? instance.url : DEFAULT_URL;
  const isRunning = typeof instance?.pid === 'number' && isAlive(instance.pid);
  return { place: { url, from: 'mailctl dev', readKey: async () => key }, isRunning };
}

/** A killed service leaves its note behind. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function isSameOrigin(place: Place | null, baseUrl: string): boolean {
  return place !== null && URL.canParse(place.url) && new URL(place.url).origin === new URL(baseUrl).origin;
}

/** @throws CommandError `usage` */
export function assertUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new CommandError('usage', `"${text}" is not a URL; write it like ${DEFAULT_URL}.`);
  }
  return text.replace(/\/+$/, '');
}

function readJson(path: string): Record<string, unknown> | null {
  try {
    const content: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isRecord(content) ? content : null;
  } catch {
    return null;
  }
}
