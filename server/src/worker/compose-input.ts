import type { ClaimedMessage, ClaimedRecipient } from '../lib/db/deliveries-types.ts';
import { type Address, parseAddress } from '../lib/mail/address.ts';
import type { ComposeInput } from '../lib/mail/mime-input.ts';
import type { LoadedAttachment } from '../lib/blobs/message-content.ts';
import type { RenderedMessage } from '../lib/messages/rendering.ts';

type Composable = {
  message: ClaimedMessage;
  recipients: readonly ClaimedRecipient[];
  rendered: RenderedMessage;
  attachments: readonly LoadedAttachment[];
  unsubscribeUrl: string | null;
};

/** What the composer needs of a message; blind copies stay out of it, they are in the envelope alone. */
export function toComposeInput({
  message,
  recipients,
  rendered,
  attachments,
  unsubscribeUrl,
}: Composable): ComposeInput {
  const named = (kind: ClaimedRecipient['kind']): Address[] =>
    recipients.filter((recipient) => recipient.kind === kind).map(({ name, email }) => ({ name, email }));
  return {
    messageId: message.id,
    from: reparse(message.fromAddress),
    to: named('to'),
    cc: named('cc'),
    replyTo: message.replyTo.map(reparse),
    subject: rendered.subject,
    html: rendered.html,
    text: rendered.text,
    attachments: attachments.map(({ bytes: content, ...attachment }) => ({ ...attachment, content })),
    unsubscribeUrl,
    headers: message.headers,
    date: message.createdAt,
  };
}

/** Stored addresses were parsed before they were accepted, so that one which is not an address is a broken promise. */
function reparse(text: string): Address {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new Error(`a stored address ${parsed.reason}`);
  return parsed.address;
}
