import type { Message, MessageStatus, SendInput, SendResult } from '@org/mail-sdk';
import { CommandError } from '../../command-error.ts';
import { programName } from '../../environment.ts';
import { mailerOf, outputOf, type ServiceFlags } from '../../options.ts';
import { green, type Output, red } from '../../output.ts';
import { definedOnly, parseDurationMs, parsePairs, parseTime } from '../../parse-option.ts';
import { withSpinner } from '../../progress.ts';
import { askText, isInteractive } from '../../prompt.ts';
import { readContent, readProps } from '../../props.ts';
import { toShortTime } from '../../record.ts';
import { parsePinned } from '../../template-name.ts';
import { withSuggestion } from '../../template-suggestion.ts';

export type Priority = NonNullable<SendInput['priority']>;

type SendFlags = ServiceFlags & {
  to?: string[];
  cc?: string[];
  bcc?: string[];
  from?: string;
  replyTo?: string[];
  subject?: string;
  props?: string;
  locale?: string;
  html?: string;
  text?: string;
  attach?: string[];
  header?: string[];
  tag?: string[];
  metadata?: string[];
  at?: string;
  priority?: Priority;
  unsubscribe?: true;
  idempotencyKey?: string;
  wait?: true | MessageStatus;
  timeout: string;
};

/** `mailctl send` */
export async function send(template: string | undefined, flags: SendFlags): Promise<void> {
  const output = outputOf(flags);
  const timeoutMs = parseDurationMs(flags.timeout, '--timeout');
  const message = await toMessage(template, flags);
  const mailer = await mailerOf(flags);
  const options = flags.idempotencyKey === undefined ? {} : { idempotencyKey: flags.idempotencyKey };
  const result = await withSuggestion(mailer, template, () =>
    withSpinner(output, 'Sending', () => mailer.send(message, options)),
  );
  if (flags.wait === undefined) return output.answer(result, () => toAccepted(result, message));
  const ended = await withSpinner(output, `Waiting for ${result.messageId}`, () =>
    mailer.messages.waitFor(result.messageId, flags.wait === true ? undefined : flags.wait, { timeoutMs }),
  );
  tellEnd(output, result, ended);
}

function toAccepted({ status, messageId }: SendResult, { scheduledAt }: SendInput): string {
  const when = status === 'scheduled' ? `  for ${toShortTime(String(scheduledAt))} UTC` : '';
  return `${green(status)}  ${messageId}${when}\nWhat became of it: ${programName()} message get ${messageId}`;
}

const WELL: readonly string[] = ['sent', 'delivered', 'scheduled', 'queued', 'sending'];

function tellEnd(output: Output, result: SendResult, { status, subject, lastError }: Message): void {
  const isWell = WELL.includes(status);
  output.answer({ ...result, status, subject, lastError }, () => {
    const state = isWell ? green(status) : red(status);
    return `${state}  ${result.messageId}${lastError === null ? '' : `  ${red(lastError)}`}`;
  });
  if (!isWell)
    throw new CommandError(
      'failed',
      `The mail ended as "${status}".`,
      `${programName()} message get ${result.messageId}`,
    );
}

async function toMessage(template: string | undefined, flags: SendFlags): Promise<SendInput> {
  if (template !== undefined) parsePinned(template);
  const to = flags.to ?? [await askForRecipient(flags)];
  const [props, html, text] = await Promise.all([
    flags.props === undefined ? undefined : readProps(flags.props),
    readContent(flags.html, '--html'),
    readContent(flags.text, '--text'),
  ]);
  const content = await completeContent(flags, { template, html, text });
  return {
    to,
    ...definedOnly({
      ...content,
      cc: flags.cc,
      bcc: flags.bcc,
      from: flags.from,
      replyTo: flags.replyTo,
      props,
      locale: flags.locale,
      attachments: flags.attach ? await toAttachments(flags.attach) : undefined,
      headers: parsePairs(flags.header, '--header'),
      tags: parsePairs(flags.tag, '--tag'),
      metadata: parsePairs(flags.metadata, '--metadata'),
      scheduledAt: flags.at === undefined ? undefined : parseTime(flags.at, '--at'),
      priority: flags.priority,
      unsubscribe: flags.unsubscribe,
    }),
  };
}

function askForRecipient(flags: SendFlags): Promise<string> {
  return askText(flags, {
    message: 'Who gets it?',
    placeholder: 'ada@example.com',
    missing: 'Say who gets it: --to ada@example.com',
  });
}

type Content = { template: string | undefined; html: string | undefined; text: string | undefined };

/** Asks a person for what a mail cannot be without; a program is told by the service. */
async function completeContent(
  flags: SendFlags,
  content: Content,
): Promise<Content & { subject: string | undefined }> {
  const { subject } = flags;
  const isEmpty = content.template === undefined && content.html === undefined && content.text === undefined;
  if (!isEmpty || !isInteractive(flags)) {
    if (isEmpty) throw new CommandError('usage', 'Name a template, or pass --text or --html.');
    return { ...content, subject };
  }
  const missing = '';
  return {
    ...content,
    subject: subject ?? (await askText(flags, { message: 'Subject?', missing })),
    text: await askText(flags, { message: 'Text?', missing }),
  };
}

async function toAttachments(paths: readonly string[]): Promise<{ path: string }[]> {
  for (const path of paths) {
    if (!(await Bun.file(path).exists()))
      throw new CommandError('invalid', `--attach: there is no file ${path}.`);
  }
  return paths.map((path) => ({ path }));
}
