import type { Command } from 'commander';
import { createMailer, type Mailer } from '@org/mail-sdk';
import { type ConnectionFlags, resolveConnection } from './environment.ts';
import { createOutput, type Output } from './output.ts';

export type OutputFlags = { json?: boolean };

/** `--json`: every command has it. */
export function withOutput(command: Command): Command {
  return command.option('--json', 'answer in JSON, as if standard output were no terminal');
}

/** `--url` and `--api-key`, for commands that talk to a service. */
export function withConnection(command: Command): Command {
  return withOutput(command)
    .option('--url <url>', 'the service (or MAIL_BASE_URL)')
    .option('--api-key <key>', 'the key (or MAIL_API_KEY)');
}

export function outputOf({ json }: OutputFlags): Output {
  return createOutput({ isJson: json === true || process.stdout.isTTY !== true });
}

/** @throws CommandError where there is no key, or the URL is none */
export function mailerOf(flags: ConnectionFlags): Mailer {
  return createMailer(resolveConnection(flags));
}
