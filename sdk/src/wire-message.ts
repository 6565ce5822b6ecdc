import { toWireAttachment } from './attachment.ts';
import { toIsoTime } from './iso-time.ts';
import type { SendInput } from './templates.ts';
import type { MessageBody } from './types.ts';

/**
 * A message as the API takes it: attachments read and encoded, dates as text.
 *
 * @throws MailError `invalid_argument` for an attachment that cannot be read
 */
export async function toWireMessage(message: SendInput): Promise<MessageBody> {
  const { attachments, scheduledAt, ...rest } = message;
  return {
    ...rest,
    ...(scheduledAt === undefined ? {} : { scheduledAt: toIsoTime(scheduledAt) }),
    ...(attachments === undefined
      ? {}
      : { attachments: await Promise.all(attachments.map(toWireAttachment)) }),
  };
}
