/**
 * What a provider may tell about a message after it took it.
 *
 * - `sent`: it will try to deliver. `delivered`: the recipient's server accepted it.
 * - `deferred`: it has not been able to deliver yet and goes on trying.
 * - `bounced_hard`: the address will never work. `bounced_soft`: it gave up, but a later message may arrive.
 * - `spam`: the recipient complained. `unsubscribed`: the recipient asked for no more.
 * - `rejected`: it took the message and then refused to send it (a virus, a suspended sender).
 */
export type ProviderEventType =
  | 'sent'
  | 'delivered'
  | 'deferred'
  | 'bounced_hard'
  | 'bounced_soft'
  | 'spam'
  | 'opened'
  | 'clicked'
  | 'unsubscribed'
  | 'rejected';

/** One fact about one recipient, in the same form for every provider. */
export type ProviderEvent = {
  /** Unique to the fact and the recipient, and the same however often the provider repeats it. */
  providerEventId: string;
  /** The name of the provider as it was configured. */
  provider: string;
  providerMessageId: string;
  /** Our message id as the provider carried it; null where it said nothing. */
  messageId: string | null;
  type: ProviderEventType;
  /** Null where the fact is about all recipients or the provider did not say about whom. */
  recipient: string | null;
  /** When it happened, by the provider's clock. */
  occurredAt: Date;
  /** The provider's own words in one line, for people. */
  detail: string;
};
