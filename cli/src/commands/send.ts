import { Command } from 'commander';
import { membersOf, withChoice } from '../choice.ts';
import { withExamples } from '../examples.ts';
import { lazily } from '../lazily.ts';
import { STATUSES } from '../message-status.ts';
import { withConnection } from '../options.ts';
// A type only: the work is loaded when it is to be done.
import type { Priority } from './send/send.ts';

const PRIORITIES = membersOf<Priority>({ high: true, normal: true, low: true });

/** `mailctl send [template]` */
export function sendCommand(): Command {
  const command = withConnection(new Command('send'))
    .description('send one mail')
    .argument('[template]', 'name of a template, "welcome" or pinned "welcome@3"')
    .option('--to <address...>', 'who gets it')
    .option('--cc <address...>', 'who else gets it, for all to see')
    .option('--bcc <address...>', 'who else gets it, for nobody to see')
    .option('--from <address>', "the sender; the service's default otherwise")
    .option('--reply-to <address...>', 'where answers go')
    .option('--subject <text>', "the subject; the template's otherwise")
    .option('--props <json>', 'props of the template: JSON text, a file, or - for standard input')
    .option('--locale <tag>', "the reader's language, such as de-AT")
    .option('--html <html>', 'HTML body, instead of a template; @file or @- reads it from there')
    .option('--text <text>', 'plain text body, instead of a template; @file or @- reads it from there')
    .option('--attach <file...>', 'files to attach')
    .option('--header <name=value...>', 'further headers')
    .option('--tag <name=value...>', 'words to find it by')
    .option('--metadata <name=value...>', 'words to keep with it, never sent')
    .option('--at <time>', 'when: 2026-12-24T08:00:00Z, or 30m, 2h, 1d from now')
    .option('--unsubscribe', 'add a one-click unsubscribe link (RFC 8058)')
    .option('--idempotency-key <key>', 'the same key and mail within 24 hours sends nothing twice')
    .option('--timeout <duration>', 'how long to wait', '60s')
    .action(lazily(async () => (await import('./send/send.ts')).send));
  const priority = 'before or after other mail';
  withChoice(command, { flags: '--priority <priority>', description: priority, choices: PRIORITIES });
  const wait = 'wait until it has ended, or has that status';
  withChoice(command, { flags: '--wait [status]', description: wait, choices: STATUSES });
  return withExamples(command, [
    `send welcome --to ada@example.com --props '{"name":"Ada"}'`,
    'send receipt@3 --to ada@example.com --props order.json --attach invoice.pdf',
    "send --to ada@example.com --subject Hello --text 'Hello Ada' --wait",
    'send newsletter --to ada@example.com --at 2h --tag campaign=spring --unsubscribe',
  ]);
}
