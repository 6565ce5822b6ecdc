import type { EventType } from '../messages/outcome.ts';
import type { MessageStatus } from '../messages/status.ts';
import type { Message, Recipient } from './messages.ts';

/** The right to work on one message until the lease ends; every write of a worker is conditional on it. */
export type Lease = { messageId: string; token: string };

/** What an attempt needs of a message. */
export type ClaimedMessage = Pick<
  Message,
  | 'id'
  | 'clientId'
  | 'mode'
  | 'traceId'
  | 'templateVersionId'
  | 'templateName'
  | 'props'
  | 'locale'
  | 'html'
  | 'text'
  | 'bodyBlob'
  | 'keptBodyBlob'
  | 'givenSubject'
  | 'subject'
  | 'fromAddress'
  | 'replyTo'
  | 'headers'
  | 'priority'
  | 'unsubscribeSecret'
  | 'attempts'
  | 'renderHash'
  | 'createdAt'
> & {
  /** The only provider that its client's live mail may take; null leaves the choice open. */
  boundTo: string | null;
  hasAttachments: boolean;
  /** Since when it is to be sent, in ms since 1970: its schedule, or when it was accepted. */
  dueAtMs: number;
};

/** Those still `sending` are part of the attempt. */
export type ClaimedRecipient = Pick<Recipient, 'position' | 'kind' | 'email' | 'name' | 'status'>;

export type ClaimResult =
  | { kind: 'claimed'; lease: Lease; message: ClaimedMessage; recipients: ClaimedRecipient[] }
  /** Another worker holds it, or its time has not come: look again then. */
  | { kind: 'leased'; forMs: number }
  | { kind: 'ended'; status: MessageStatus }
  | { kind: 'missing' };

/** A line for the timeline, besides its message and attempt. */
export type NewEvent = {
  type: EventType;
  provider?: string | null;
  recipient?: string | null;
  detail?: string | null;
};

/** The lease ended before the work did, and somebody else has the message or has said what became of it: nothing more may be written. */
export class LeaseLostError extends Error {
  constructor(readonly messageId: string) {
    super(`the lease on message ${messageId} was lost`);
    this.name = 'LeaseLostError';
  }
}

/** What the timeline says where nobody knows what a provider answered. */
export const CUT_OFF = 'The worker ended between the hand-over to the provider and its answer';
