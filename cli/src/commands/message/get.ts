import type { Message, MessageEvent } from '@org/mail-sdk';
import { isBad } from '../../message-status.ts';
import { mailerOf, outputOf, type ServiceFlags } from '../../options.ts';
import { bold, dim, green, red, toTable } from '../../output.ts';

/** `mailctl message get` */
export async function get(id: string, flags: ServiceFlags): Promise<void> {
  const mailer = await mailerOf(flags);
  const [message, timeline] = await Promise.all([mailer.messages.get(id), mailer.messages.events(id)]);
  outputOf(flags).answer({ ...message, events: timeline }, () => toReport(message, timeline));
}

/** `mailctl message events` */
export async function events(id: string, flags: ServiceFlags): Promise<void> {
  const mailer = await mailerOf(flags);
  const timeline = await mailer.messages.events(id);
  outputOf(flags).answer({ data: timeline }, () => toTimeline(timeline));
}

/** `mailctl message content` */
export async function content(
  id: string,
  flags: ServiceFlags & { html?: boolean; text?: boolean },
): Promise<void> {
  const mailer = await mailerOf(flags);
  const { subject, html, text, exact } = await mailer.messages.content(id);
  if (flags.html) return void process.stdout.write(html ?? '');
  if (flags.text) return void process.stdout.write(text ?? '');
  outputOf(flags).answer({ subject, html, text, exact }, () => `${bold(subject)}\n\n${text ?? html ?? ''}`);
}

function tint(state: string): string {
  return isBad(state) ? red(state) : green(state);
}

function toReport(message: Message, timeline: readonly MessageEvent[]): string {
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
  return `${bold(message.id)}\n${toTable(facts)}\n\n${toTimeline(timeline)}`;
}

function toTimeline(timeline: readonly MessageEvent[]): string {
  return toTable(
    timeline.map(({ at, type, attempt, provider, recipient, detail }) => [
      dim(at),
      tint(type),
      [attempt > 0 ? `attempt ${attempt}` : null, provider, recipient, detail].filter(Boolean).join(', '),
    ]),
  );
}
