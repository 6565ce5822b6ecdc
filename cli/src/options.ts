import { type Command, Option } from 'commander';
// A type only: the client is loaded by the commands that talk to a service.
import type { Mailer } from '@org/mail-sdk';
import { type ConnectionFlags, type ResolveOptions, resolveConnection } from './connection.ts';
import { OUTPUT_OPTIONS, SERVICE_OPTIONS } from './help.ts';
import { createOutput, type Output } from './output.ts';

export type OutputFlags = { json?: boolean; quiet?: boolean };

/** What every command that talks to a service has. */
export type ServiceFlags = ConnectionFlags & OutputFlags;

/** `--json` and `--quiet`: every command has them. */
export function withOutput(command: Command): Command {
  return withGroup(command, OUTPUT_OPTIONS, [
    ['--json', 'answer in JSON, as if standard output were no terminal'],
    ['-q, --quiet', 'nothing but the answer: no notes, no progress'],
  ]);
}

function withGroup(
  command: Command,
  heading: string,
  options: readonly (readonly [string, string])[],
): Command {
  for (const [flags, description] of options)
    command.addOption(new Option(flags, description).helpGroup(heading));
  return command;
}

/** `--url`, `--api-key` and `--profile`, for commands that talk to a service. */
export function withConnection(command: Command): Command {
  withGroup(command, SERVICE_OPTIONS, [
    ['--url <url>', 'the service (or MAIL_BASE_URL)'],
    ['--api-key <key>', 'the key (or MAIL_API_KEY)'],
    ['--profile <name>', 'the login to use (or MAILCTL_PROFILE)'],
  ]);
  return withOutput(command);
}

/** `--yes`, for commands that ask before they act. */
export function withConfirmation(command: Command): Command {
  return command.option('-y, --yes', 'do it without asking');
}

export function outputOf({ json, quiet }: OutputFlags): Output {
  return createOutput({ isJson: json === true || process.stdout.isTTY !== true, isQuiet: quiet === true });
}

/** @throws CommandError where there is no key, or the URL is none */
export async function mailerOf(flags: ConnectionFlags, options: ResolveOptions = {}): Promise<Mailer> {
  const connection = await resolveConnection(flags, options);
  const { createMailer } = await import('@org/mail-sdk');
  // A person, or a job in CI, waits: long enough for a restart, not for an outage.
  return createMailer({ ...connection, retry: { maxAttempts: 3, maxTotalMs: 15_000 } });
}
