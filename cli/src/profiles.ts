import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from './command-error.ts';
import { configFolder, programName, wantsKeychain } from './environment.ts';
import { isRecord } from './record.ts';
import { writePrivately } from './write-file.ts';

/** A service that was logged in to, by name. The key is kept apart from it. */
export type Profile = { name: string; url: string; keyIn: 'keychain' | 'file' };

export type Profiles = { current: string | null; profiles: readonly Profile[] };

const SERVICE = 'mailctl';
const OWNER_ONLY = 0o600;

function configPath(): string {
  return join(configFolder(), 'config.json');
}

/** Keys that no keychain keeps. */
export function credentialsPath(): string {
  return join(configFolder(), 'credentials.json');
}

/** All profiles; none where nobody has logged in yet. */
export function readProfiles(): Profiles {
  const content = readJson(configPath());
  const profiles = isRecord(content.profiles)
    ? Object.entries(content.profiles).flatMap(([name, value]): Profile[] =>
        isRecord(value) && typeof value.url === 'string'
          ? [{ name, url: value.url, keyIn: value.keyIn === 'keychain' ? 'keychain' : 'file' }]
          : [],
      )
    : [];
  const current = typeof content.current === 'string' ? content.current : null;
  return { current: profiles.some(({ name }) => name === current) ? current : null, profiles };
}

/** @throws CommandError `not_found` */
export function findProfile({ profiles }: Profiles, name: string): Profile {
  const found = profiles.find((profile) => profile.name === name);
  if (found) return found;
  const names = profiles.map((profile) => profile.name).join(', ');
  throw new CommandError(
    'not_found',
    `There is no profile "${name}".`,
    names === '' ? 'Make one with: mailctl login' : `There are: ${names}`,
  );
}

/**
 * The key of a profile; null where its keychain or file no longer has it.
 *
 * @throws CommandError `not_authenticated` where the keychain does not answer, as in a session by SSH
 */
export async function readKey({ name, keyIn }: Profile): Promise<string | null> {
  if (keyIn === 'keychain') return readKeychain(name);
  const key = readJson(credentialsPath())[name];
  return typeof key === 'string' ? key : null;
}

/** Keeps a profile and its key, and makes it the current one. */
export async function saveProfile({
  name,
  url,
  apiKey,
}: {
  name: string;
  url: string;
  apiKey: string;
}): Promise<Profile> {
  const keyIn = (await saveInKeychain(name, apiKey)) ? 'keychain' : 'file';
  if (keyIn === 'file') await saveCredentials({ ...readJson(credentialsPath()), [name]: apiKey });
  const known = readProfiles();
  const profile: Profile = { name, url, keyIn };
  await saveProfiles({
    current: name,
    profiles: [...known.profiles.filter((other) => other.name !== name), profile],
  });
  return profile;
}

/** Makes another profile the current one, or none. */
export async function chooseProfile(name: string | null): Promise<void> {
  await saveProfiles({ ...readProfiles(), current: name });
}

async function readKeychain(name: string): Promise<string | null> {
  try {
    return await Bun.secrets.get({ service: SERVICE, name });
  } catch {
    throw new CommandError(
      'not_authenticated',
      `The key of the login "${name}" is in the system's keychain, which does not answer here.`,
      `Set MAIL_API_KEY, or log in with a file in its place: MAILCTL_KEYCHAIN=off ${programName()} login --profile ${name}`,
    );
  }
}

/** False where the keychain does not answer. */
async function removeFromKeychain(name: string): Promise<boolean> {
  try {
    await Bun.secrets.delete({ service: SERVICE, name });
    return true;
  } catch {
    return false;
  }
}

/** Forgets a profile and its key; answers whether the key is gone as well, which it is not where the keychain does not answer. */
export async function removeProfile({ name, keyIn }: Profile): Promise<{ isKeyGone: boolean }> {
  const isKeyGone = keyIn === 'file' || (await removeFromKeychain(name));
  const { [name]: _key, ...credentials } = readJson(credentialsPath());
  if (_key !== undefined) await saveCredentials(credentials);
  const { current, profiles } = readProfiles();
  await saveProfiles({
    current: current === name ? null : current,
    profiles: profiles.filter((profile) => profile.name !== name),
  });
  return { isKeyGone };
}

/** False where this system has no keychain that answers: servers, containers, CI. */
async function saveInKeychain(name: string, value: string): Promise<boolean> {
  if (!wantsKeychain()) return false;
  try {
    await Bun.secrets.set({ service: SERVICE, name, value });
    return (await Bun.secrets.get({ service: SERVICE, name })) === value;
  } catch {
    return false;
  }
}

async function saveProfiles({ current, profiles }: Profiles): Promise<void> {
  const byName = Object.fromEntries(profiles.map(({ name, url, keyIn }) => [name, { url, keyIn }]));
  const content = `${JSON.stringify({ current, profiles: byName }, null, 2)}\n`;
  await writePrivately(configPath(), content, OWNER_ONLY);
}

async function saveCredentials(credentials: Record<string, unknown>): Promise<void> {
  await writePrivately(credentialsPath(), `${JSON.stringify(credentials, null, 2)}\n`, OWNER_ONLY);
}

function readJson(path: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return {};
  }
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return value;
  } catch {
    // Told below: what is not JSON and what is no object are mended alike.
  }
  throw new CommandError('failed', `${path} is damaged.`, 'Delete it, and log in again.');
}
