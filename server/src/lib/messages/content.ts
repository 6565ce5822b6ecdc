/** The body that a caller gave instead of a template. */
export type MessageBody = { html: string | null; text: string | null };

/** What goes with a message besides its body. */
export type MessageAttachment = {
  filename: string;
  contentType: string;
  content: Uint8Array;
  /** Names an inline image for `cid:` links; null for an attachment. */
  contentId: string | null;
};

/**
 * Fetches a body from blob storage, where large ones are.
 *
 * @throws Error where it is not there: it was durable before the message was accepted
 */
export type BodyLoader = (bodyBlob: string) => Promise<MessageBody>;

/** Fetches the attachments of a message, in their order. */
export type AttachmentLoader = (messageId: string) => Promise<readonly MessageAttachment[]>;
