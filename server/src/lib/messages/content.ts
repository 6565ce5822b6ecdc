import type { Message } from '../db/messages.ts';

/** The body that a caller gave instead of a template. */
export type MessageBody = { html: string | null; text: string | null };

/** What goes with a message besides its body. */
export type LoadedAttachment = {
  filename: string;
  contentType: string;
  /** Names an inline image for `cid:` links; null for an attachment. */
  contentId: string | null;
  bytes: Uint8Array;
};

/** Where a message's large parts come from; each throws where blob storage has lost what was durable before the message was accepted. */
export type ContentLoader = {
  body(message: Pick<Message, 'html' | 'text' | 'bodyBlob'>): Promise<MessageBody>;
  /** In their order. */
  attachments(messageId: string): Promise<readonly LoadedAttachment[]>;
};
