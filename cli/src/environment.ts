import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CommandError } from './command-error.ts';

/** Which service to talk to, and as whom. */
export type Connection = { baseUrl: string; apiKey: string };

export type ConnectionFlags = { url?: string; apiKey?: string };

const DEFAULT_URL = 'http://127.0.0.1:3025';

/**
 * A flag comes before the environment (MAIL_BASE_URL, MAIL_API_KEY), and that before what `mailctl dev` keeps in this folder.
 *
 * @throws CommandError `not_authenticated` where there is no key
 */
export function resolveConnection(flags: ConnectionFlags): Connection {
  const folder = resolve(process.env.MAILER_DIR || '.mailer');
  const apiKey =
    flags.apiKey ?? (process.env.MAIL_API_KEY || readText(join(folder, 'credentials.json'), 'apiKey'));
  const baseUrl =
    flags.url ?? (process.env.MAIL_BASE_URL || readText(join(folder, 'instance.json'), 'url') || DEFAULT_URL);
  if (!URL.canParse(baseUrl)) {
    throw new CommandError('usage', `"${baseUrl}" is not a URL; write it like ${DEFAULT_URL}.`);
  }
  if (!apiKey) {
    throw new CommandError(
      'not_authenticated',
      'No API key: set MAIL_API_KEY or pass --api-key, or start one here with "mailctl dev".',
    );
  }
  return { baseUrl, apiKey };
}

/** How people call this program: `./dev mailctl` in this repository, `mailctl` elsewhere. */
export function programName(): string {
  return process.env.MAILCTL_NAME || 'mailctl';
}

/** Whether people want colours (https://no-color.org). */
export function wantsColour(): boolean {
  return !process.env.NO_COLOR;
}

/** Whether the environment chooses a port. */
export function hasPort(): boolean {
  return Boolean(process.env.PORT);
}

function readText(path: string, key: string): string | undefined {
  try {
    const content: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const value =
      typeof content === 'object' && content !== null
        ? Object.entries(content).find(([name]) => name === key)?.[1]
        : null;
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
