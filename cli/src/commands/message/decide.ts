import type { MessageStatus, Resolution } from '@org/mail-sdk';
import { isBad } from '../../message-status.ts';
import { mailerOf, outputOf, type ServiceFlags } from '../../options.ts';
import { green, red } from '../../output.ts';
import { assertConfirmed } from '../../prompt.ts';

type DecideFlags = ServiceFlags & { yes?: boolean };

/** `mailctl message cancel` */
export async function cancel(ids: readonly string[], flags: DecideFlags): Promise<void> {
  const mailer = await mailerOf(flags);
  await assertConfirmed(flags, `Cancel ${ids.length === 1 ? ids[0] : `${ids.length} messages`}?`);
  await decide(ids, flags, (id) => mailer.messages.cancel(id));
}

/** `mailctl message retry` */
export async function retry(ids: readonly string[], flags: DecideFlags): Promise<void> {
  const mailer = await mailerOf(flags);
  await decide(ids, flags, (id) => mailer.messages.retry(id));
}

/** `mailctl message resolve` */
export async function resolve(id: string, flags: DecideFlags & { as: Resolution }): Promise<void> {
  const mailer = await mailerOf(flags);
  if (flags.as === 'retry')
    await assertConfirmed(flags, `The provider may have taken ${id} already: send it again?`);
  await decide([id], flags, () => mailer.messages.resolve(id, flags.as));
}

type Decide = (id: string) => Promise<{ status: MessageStatus }>;

/** One after the other; the first that is refused ends it, and what was done until then is told. */
async function decide(ids: readonly string[], flags: ServiceFlags, one: Decide): Promise<void> {
  const data: { messageId: string; status: MessageStatus }[] = [];
  try {
    for (const id of ids) data.push({ messageId: id, status: (await one(id)).status });
  } finally {
    if (data.length > 0) outputOf(flags).answer({ data }, () => data.map(toLine).join('\n'));
  }
}

function toLine({ messageId, status }: { messageId: string; status: MessageStatus }): string {
  return `${(isBad(status) ? red : green)(status)}  ${messageId}`;
}
