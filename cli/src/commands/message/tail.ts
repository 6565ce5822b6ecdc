import type { StreamEvent } from '@org/mail-sdk';
import { isBad } from '../../message-status.ts';
import { mailerOf, outputOf, type ServiceFlags } from '../../options.ts';
import { dim, green, red } from '../../output.ts';
import { type FilterFlags, toFilter } from './list.ts';

/** `mailctl message tail`: without end, but for Ctrl-C. */
export async function tail(flags: ServiceFlags & FilterFlags): Promise<void> {
  const output = outputOf(flags);
  const query = toFilter(flags);
  const mailer = await mailerOf(flags);
  output.note(dim('Following; Ctrl-C ends it.'));
  for await (const event of mailer.stream(query)) output.line(event, () => toLine(event));
}

function toLine({ at, type, messageId, recipient, attempt, provider, detail }: StreamEvent): string {
  const facts = [recipient, attempt > 0 ? `attempt ${attempt}` : null, provider, detail]
    .filter(Boolean)
    .join(', ');
  const state = isBad(type) ? red(type) : green(type);
  return `${dim(at)}  ${messageId}  ${state}  ${facts}`;
}
