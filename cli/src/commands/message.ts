import { Command } from 'commander';
import type { Message, MessageEvent } from '@org/mail-sdk';
import type { ConnectionFlags } from '../environment.ts';
import { mailerOf, outputOf, type OutputFlags, withConnection } from '../options.ts';
import { bold, dim, green, red, toTable } from '../output.ts';

type Flags = ConnectionFlags & OutputFlags;

/** `mailctl message get|content` */
export function messageCommand(): Command {
  const message = new Command('message').description('look at messages');
  withConnection(message.command('get'))
    .description('what became of a message: its state, recipients and timeline')
    .argument('<id>', 'id of the message')
    .action(get);
  withConnection(message.command('content'))
    .description('what a recipient sees: subject, html and text')
    .argument('<id>', 'id of the message')
    .option('--html', 'print the HTML alone, as it is')
    .option('--text', 'print the plain text alone, as it is')
    .action(content);
  return message;
}

async function get(id: string, flags: Flags): Promise<void> {
  const mailer = mailerOf(flags);
  const [message, events] = await Promise.all([mailer.messages.get(id), mailer.messages.events(id)]);
  outputOf(flags).answer({ ...message, events }, () => toReport(message, events));
}

async function content(id: string, flags: Flags & { html?: boolean; text?: boolean }): Promise<void> {
  const { subject, html, text, exact } = await mailerOf(flags).messages.content(id);
  if (flags.html) return void process.stdout.write(html ?? '');
  if (flags.text) return void process.stdout.write(text ?? '');
  outputOf(flags).answer({ subject, html, text, exact }, () => `${bold(subject)}\n\n${text ?? html ?? ''}`);
}

const BAD: readonly string[] = ['failed', 'bounced', 'spam', 'unknown', 'refused', 'deferred'];

function tint(state: string): string {
  return BAD.includes(state) ? red(state) : green(state);
}

function toReport(message: Message, events: readonly MessageEvent[]): string {
  const template = message.template === null ? null : `${message.template}@${message.templateVersion}`;
  const facts = [
    ['status', tint(message.status)],
    ['subject', message.subject ?? dim('not rendered yet')],
    ['from', message.from],
    ...message.recipients.map(({ kind, email, status, response }) => [
      kind,
      `${email}  ${tint(status)}${response ? dim(`  ${response}`) : ''}`,
    ]),
    ...(template === null ? [] : [['template', template]]),
    ...(message.lastError === null ? [] : [['error', red(message.lastError)]]),
    ['trace', message.traceId],
  ];
  const timeline = events.map(({ at, type, attempt, provider, recipient, detail }) => [
    dim(at),
    tint(type),
    [attempt > 0 ? `attempt ${attempt}` : null, provider, recipient, detail].filter(Boolean).join(', '),
  ]);
  return `${bold(message.id)}\n${toTable(facts)}\n\n${toTable(timeline)}`;
}
