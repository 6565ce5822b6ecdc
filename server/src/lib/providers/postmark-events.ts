import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { toEventId, toOwnId } from './callback.ts';
import { toOneLine } from './http-outcome.ts';
import type { ProviderEvent, ProviderEventType } from './provider-event.ts';

const optional = <T extends TSchema>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]));
const TEXT = optional(Type.String());

/** The fields of every webhook at https://postmarkapp.com/developer/webhooks that are read here; others are let be. */
const RecordSchema = Type.Object({
  RecordType: Type.String(),
  /** Null where a suppression was made by hand: then it is about no mail. */
  MessageID: TEXT,
  ID: optional(Type.Union([Type.Integer(), Type.String()])),
  Type: TEXT,
  Recipient: TEXT,
  Email: TEXT,
  DeliveredAt: TEXT,
  BouncedAt: TEXT,
  ReceivedAt: TEXT,
  ChangedAt: TEXT,
  Details: TEXT,
  Description: TEXT,
  UserAgent: TEXT,
  OriginalLink: TEXT,
  Origin: TEXT,
  SuppressSending: optional(Type.Boolean()),
  SuppressionReason: TEXT,
  Metadata: optional(Type.Record(Type.String(), Type.Unknown())),
});

type PostmarkRecord = Static<typeof RecordSchema>;
type Fact = { type: ProviderEventType; at: string | null | undefined; detail: string };

/**
 * What each type of bounce at https://postmarkapp.com/developer/api/bounce-api#bounce-types says of a mail; null for what
 * says nothing (an answering machine, a moved mailbox that forwards, mail that came in).
 */
const BOUNCES: Readonly<Record<string, ProviderEventType | null>> = {
  HardBounce: 'bounced_hard',
  BadEmailAddress: 'bounced_hard',
  SoftBounce: 'bounced_soft',
  DnsError: 'bounced_soft',
  SpamNotification: 'bounced_soft',
  VirusNotification: 'bounced_soft',
  Blocked: 'bounced_soft',
  DMARCPolicy: 'bounced_soft',
  Unknown: 'bounced_soft',
  // It goes on trying, or a person has to answer a question first.
  Transient: 'deferred',
  ChallengeVerification: 'deferred',
  SpamComplaint: 'spam',
  Unsubscribe: 'unsubscribed',
  // It took the mail and then did not send it.
  ManuallyDeactivated: 'rejected',
  Unconfirmed: 'rejected',
  SMTPApiError: 'rejected',
  TemplateRenderingFailed: 'rejected',
  AutoResponder: null,
  AddressChange: null,
  Subscribe: null,
  OpenRelayTest: null,
  InboundError: null,
};

/**
 * Reads one record of Postmark's webhooks; each is about one recipient.
 *
 * @returns null where it is no record, or one that tells nothing of a mail
 */
export function toPostmarkEvent(value: unknown, { provider }: { provider: string }): ProviderEvent | null {
  if (!Value.Check(RecordSchema, value) || !value.MessageID) return null;
  const fact = toFact(value);
  const occurredAt = new Date(fact?.at ?? Number.NaN);
  if (!fact || Number.isNaN(occurredAt.getTime())) return null;
  const recipient = (value.Recipient ?? value.Email)?.trim() || null;
  const ownId = value.Metadata?.['message_id'];
  return {
    providerEventId: toEventId('postmark', [
      value.MessageID,
      fact.type,
      toFactId(value, occurredAt),
      recipient ?? '',
    ]),
    provider,
    providerMessageId: value.MessageID,
    messageId: typeof ownId === 'string' ? toOwnId(ownId) : null,
    type: fact.type,
    recipient,
    occurredAt,
    detail: toOneLine(fact.detail),
  };
}

/** A bounce has an id of its own; two links may be clicked in the same moment. */
function toFactId({ ID, OriginalLink }: PostmarkRecord, occurredAt: Date): string {
  return ID === null || ID === undefined ? `${occurredAt.toISOString()} ${OriginalLink ?? ''}` : String(ID);
}

function toFact(record: PostmarkRecord): Fact | null {
  switch (record.RecordType) {
    case 'Delivery':
      return { type: 'delivered', at: record.DeliveredAt, detail: record.Details ?? '' };
    case 'Bounce':
      return toBounce(record);
    case 'SpamComplaint':
      return { type: 'spam', at: record.BouncedAt, detail: wordsOf(record) };
    case 'SMTPApiError':
      return { type: 'rejected', at: record.BouncedAt ?? record.ReceivedAt, detail: wordsOf(record) };
    case 'Open':
      return { type: 'opened', at: record.ReceivedAt, detail: record.UserAgent ?? '' };
    case 'Click':
      return { type: 'clicked', at: record.ReceivedAt, detail: record.OriginalLink ?? '' };
    case 'SubscriptionChange':
      return toUnsubscription(record);
    default:
      return null;
  }
}

/** A type that is not in the list yet is a mail that did not arrive, and says nothing about the next one. */
function toBounce(record: PostmarkRecord): Fact | null {
  const type = Object.hasOwn(BOUNCES, record.Type ?? '') ? BOUNCES[record.Type ?? ''] : 'bounced_soft';
  return type ? { type, at: record.BouncedAt, detail: wordsOf(record) } : null;
}

function wordsOf({ Type: type, Description, Details }: PostmarkRecord): string {
  return [type, Details, Description].filter(Boolean).join(' ');
}

/** Only what the recipient asked for: a bounce and a complaint come as records of their own. */
function toUnsubscription({
  SuppressSending,
  SuppressionReason,
  Origin,
  ChangedAt,
}: PostmarkRecord): Fact | null {
  if (SuppressSending !== true || Origin !== 'Recipient' || SuppressionReason !== 'ManualSuppression')
    return null;
  return { type: 'unsubscribed', at: ChangedAt, detail: 'unsubscribed at Postmark' };
}
