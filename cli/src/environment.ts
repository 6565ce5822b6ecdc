import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** The environment's own words about which service, and as whom. Empty texts count as unset. */
export function connectionFromEnvironment(): { baseUrl?: string; apiKey?: string; profile?: string } {
  const { MAIL_BASE_URL, MAIL_API_KEY, MAILCTL_PROFILE } = process.env;
  return {
    ...(MAIL_BASE_URL ? { baseUrl: MAIL_BASE_URL } : {}),
    ...(MAIL_API_KEY ? { apiKey: MAIL_API_KEY } : {}),
    ...(MAILCTL_PROFILE ? { profile: MAILCTL_PROFILE } : {}),
  };
}

/** Where `mailctl dev` keeps its data, seen from this folder. */
export function devFolder(): string {
  return resolve(process.env.MAILER_DIR || '.mailer');
}

/** Where the declaration of templates is, unless somebody says otherwise. */
export const TYPES_FILE = 'mail-templates.d.ts';

/** Where profiles are kept. */
export function configFolder(): string {
  return join(process.env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'mailctl');
}

/** What may be deleted at any time. */
export function cacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME || (process.env.HOME ? join(process.env.HOME, '.cache') : tmpdir());
  return join(base, 'mailctl');
}

/** How people call this program: `./dev mailctl` in this repository, `mailctl` elsewhere. */
export function programName(): string {
  return process.env.MAILCTL_NAME || 'mailctl';
}

/** Whether people want colours (https://no-color.org). */
export function wantsColour(): boolean {
  return !process.env.NO_COLOR && process.env.TERM !== 'dumb';
}

/** Whether the environment chooses a port. */
export function hasPort(): boolean {
  return Boolean(process.env.PORT);
}

/** Which parts of a server this environment configures; values are looked at by the server alone. */
export function serverSettings(): { hasDatabase: boolean; hasRedis: boolean; hasProvider: boolean } {
  const { DATABASE_URL, REDIS_URL, SMTP_HOST, PROVIDERS } = process.env;
  return {
    hasDatabase: Boolean(DATABASE_URL),
    hasRedis: Boolean(REDIS_URL),
    hasProvider: Boolean(SMTP_HOST ?? PROVIDERS),
  };
}

/** `off` keeps keys in a file even where there is a keychain. */
export function wantsKeychain(): boolean {
  return process.env.MAILCTL_KEYCHAIN !== 'off';
}

/** Whether somebody wants to see where an error comes from. */
export function wantsDetails(): boolean {
  return Boolean(process.env.MAILCTL_DEBUG);
}
