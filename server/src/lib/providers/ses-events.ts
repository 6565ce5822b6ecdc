import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { toEventId, toOwnId } from './callback.ts';
import { toOneLine } from './http-outcome.ts';
import type { ProviderEvent, ProviderEventType } from './provider-event.ts';
import { SES_MESSAGE_TAG } from './ses.ts';

/** Everything that Amazon documents, with what may be missing optional; unknown fields are let be. */
const optional = <T extends TSchema>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]));
const TEXT = optional(Type.String());
const FACT = { timestamp: TEXT };
const RECIPIENT = Type.Object({
  emailAddress: Type.String({ minLength: 1 }),
  action: TEXT,
  status: TEXT,
  diagnosticCode: TEXT,
});

const RecordSchema = Type.Object({
  /** Event publishing has the first, notifications of an identity the second. */
  eventType: TEXT,
  notificationType: TEXT,
  mail: Type.Object({
    messageId: Type.String({ minLength: 1, maxLength: 200 }),
    timestamp: TEXT,
    destination: optional(Type.Array(Type.String())),
    tags: optional(Type.Record(Type.String(), Type.Array(Type.String()))),
    headers: optional(Type.Array(Type.Object({ name: Type.String(), value: Type.String() }))),
  }),
  delivery: optional(
    Type.Object({ ...FACT, recipients: optional(Type.Array(Type.String())), smtpResponse: TEXT }),
  ),
  bounce: optional(
    Type.Object({
      ...FACT,
      feedbackId: TEXT,
      bounceType: Type.String(),
      bounceSubType: TEXT,
      bouncedRecipients: Type.Array(RECIPIENT),
    }),
  ),
  complaint: optional(
    Type.Object({
      ...FACT,
      feedbackId: TEXT,
      complaintSubType: TEXT,
      complaintFeedbackType: TEXT,
      complainedRecipients: Type.Array(RECIPIENT),
    }),
  ),
  reject: optional(Type.Object({ reason: TEXT })),
  failure: optional(Type.Object({ errorMessage: TEXT, templateName: TEXT })),
  deliveryDelay: optional(
    Type.Object({ ...FACT, delayType: TEXT, delayedRecipients: optional(Type.Array(RECIPIENT)) }),
  ),
  open: optional(Type.Object({ ...FACT, userAgent: TEXT })),
  click: optional(Type.Object({ ...FACT, link: TEXT })),
  subscription: optional(
    Type.Object({
      ...FACT,
      contactList: TEXT,
      newTopicPreferences: optional(
        Type.Object({
          unsubscribeAll: optional(Type.Boolean()),
          topicSubscriptionStatus: optional(
            Type.Array(Type.Object({ topicName: TEXT, subscriptionStatus: TEXT })),
          ),
        }),
      ),
    }),
  ),
});

type SesRecord = Static<typeof RecordSchema>;

/** One fact as SES tells it, before it is spread over its recipients. */
type Fact = {
  type: ProviderEventType;
  timestamp: string | null | undefined;
  /** Tells this fact from others of its type; SES's own feedback id where there is one. */
  id?: string | null | undefined;
  recipients: readonly { address: string | null; detail: string }[];
};

/**
 * Reads what SES publishes about a message (event publishing as well as the notifications of an identity) into one
 * event a recipient.
 *
 * @param text the `Message` of a notification that was verified
 * @returns nothing for facts that change nothing ("not spam", a subscription); null where it is no record of SES's,
 *   like the greeting that it publishes when a topic is set up
 */
export function parseSesEvents(text: string, { provider }: { provider: string }): ProviderEvent[] | null {
  const record = parseRecord(text);
  if (!record) return null;
  const fact = toFact(record);
  if (!fact) return [];
  const occurredAt = new Date(fact.timestamp ?? record.mail.timestamp ?? Number.NaN);
  if (Number.isNaN(occurredAt.getTime())) return null;
  const messageId = findMessageId(record.mail);
  return fact.recipients.map(({ address, detail }) => ({
    providerEventId: toEventId('ses', [
      record.mail.messageId,
      fact.type,
      fact.id ?? occurredAt.toISOString(),
      address ?? '',
    ]),
    provider,
    providerMessageId: record.mail.messageId,
    messageId,
    type: fact.type,
    recipient: address,
    occurredAt,
    detail: toOneLine(detail),
  }));
}

function parseRecord(text: string): SesRecord | null {
  try {
    const value: unknown = JSON.parse(text);
    return Value.Check(RecordSchema, value) ? value : null;
  } catch {
    return null;
  }
}

function toFact(record: SesRecord): Fact | null {
  const { mail, delivery, bounce, complaint, deliveryDelay, open, click, subscription } = record;
  switch (record.eventType ?? record.notificationType) {
    case 'Send':
      return { type: 'sent', timestamp: mail.timestamp, recipients: toAll(mail, 'accepted by SES') };
    case 'Delivery':
      return delivery ? toDelivery(delivery, mail) : null;
    case 'Bounce':
      return bounce ? toBounce(bounce) : null;
    case 'Complaint':
      return complaint ? toComplaint(complaint) : null;
    case 'Reject':
      return toRejection(mail, record.reject?.reason ?? 'rejected by SES');
    case 'Rendering Failure':
      return toRejection(mail, record.failure?.errorMessage ?? 'rendering failed');
    case 'DeliveryDelay':
      return deliveryDelay ? toDelay(deliveryDelay, mail) : null;
    case 'Open':
      return { type: 'opened', timestamp: open?.timestamp, recipients: toOnly(mail, open?.userAgent ?? '') };
    case 'Click':
      return {
        type: 'clicked',
        timestamp: click?.timestamp,
        id: toClickId(click),
        recipients: toOnly(mail, click?.link ?? ''),
      };
    case 'Subscription':
      return subscription ? toUnsubscription(subscription, mail) : null;
    default:
      return null;
  }
}

type Of<K extends keyof SesRecord> = NonNullable<SesRecord[K]>;

function toDelivery({ timestamp, recipients, smtpResponse }: Of<'delivery'>, mail: SesRecord['mail']): Fact {
  const detail = smtpResponse ?? '';
  const named = (recipients ?? []).map((text) => ({ address: toAddress(text), detail }));
  return { type: 'delivered', timestamp, recipients: named.length > 0 ? named : toAll(mail, detail) };
}

/** Permanent is final; Transient and Undetermined mean that SES gave up, which says nothing about the next message. */
function toBounce({
  bounceType,
  bounceSubType,
  timestamp,
  feedbackId,
  bouncedRecipients,
}: Of<'bounce'>): Fact {
  return {
    type: bounceType === 'Permanent' ? 'bounced_hard' : 'bounced_soft',
    timestamp,
    id: feedbackId,
    recipients: bouncedRecipients.map((recipient) =>
      toRecipient(recipient, `${bounceType}/${bounceSubType ?? 'General'}`),
    ),
  };
}

function toComplaint({
  timestamp,
  feedbackId,
  complaintSubType,
  complaintFeedbackType,
  complainedRecipients,
}: Of<'complaint'>): Fact | null {
  // The recipient took the mail out of the spam folder.
  if (complaintFeedbackType === 'not-spam') return null;
  const words = complaintFeedbackType ?? complaintSubType ?? 'complaint';
  return {
    // With this subtype nothing was sent: the address is on the account's list since an earlier complaint.
    type: complaintSubType === 'OnAccountSuppressionList' ? 'rejected' : 'spam',
    timestamp,
    id: feedbackId,
    recipients: complainedRecipients.map((recipient) => toRecipient(recipient, words)),
  };
}

function toRejection(mail: SesRecord['mail'], detail: string): Fact {
  return { type: 'rejected', timestamp: mail.timestamp, recipients: toAll(mail, detail) };
}

function toDelay(
  { timestamp, delayType, delayedRecipients }: Of<'deliveryDelay'>,
  mail: SesRecord['mail'],
): Fact {
  const named = (delayedRecipients ?? []).map((recipient) => toRecipient(recipient, delayType ?? 'delayed'));
  return {
    type: 'deferred',
    timestamp,
    recipients: named.length > 0 ? named : toAll(mail, delayType ?? 'delayed'),
  };
}

function toUnsubscription(
  { timestamp, contactList, newTopicPreferences }: Of<'subscription'>,
  mail: SesRecord['mail'],
): Fact | null {
  const topics = newTopicPreferences?.topicSubscriptionStatus ?? [];
  const left = topics.filter(({ subscriptionStatus }) => subscriptionStatus === 'OptOut');
  if (newTopicPreferences?.unsubscribeAll !== true && left.length === 0) return null;
  const names = left.map(({ topicName }) => topicName ?? '').join(', ');
  const detail = newTopicPreferences?.unsubscribeAll === true ? 'all topics' : `topics ${names}`;
  return {
    type: 'unsubscribed',
    timestamp,
    recipients: toOnly(mail, `${contactList ?? ''} ${detail}`),
  };
}

function toRecipient(
  { emailAddress, status, diagnosticCode }: Static<typeof RECIPIENT>,
  words: string,
): Fact['recipients'][number] {
  return {
    address: toAddress(emailAddress),
    detail: [words, status, diagnosticCode].filter(Boolean).join(' '),
  };
}

function toAll({ destination }: SesRecord['mail'], detail: string): Fact['recipients'] {
  if (!destination || destination.length === 0) return [{ address: null, detail }];
  return destination.map((text) => ({ address: toAddress(text), detail }));
}

/** Opens and clicks name nobody: with several recipients nobody knows who it was. */
function toOnly({ destination }: SesRecord['mail'], detail: string): Fact['recipients'] {
  const [only, ...others] = destination ?? [];
  return [{ address: only === undefined || others.length > 0 ? null : toAddress(only), detail }];
}

/** Two links may be clicked in the same moment. */
function toClickId(click: SesRecord['click']): string | null {
  return click?.timestamp ? `${click.timestamp} ${click.link ?? ''}` : null;
}

/** Some records have the whole mailbox: "Ada" <ada@example.com>. */
function toAddress(text: string): string {
  return /<([^<>]+)>\s*$/.exec(text)?.[1] ?? text.trim();
}

/** Our id, by the tag that we set or, where the topic has the headers only, by our header. */
function findMessageId({ tags, headers }: SesRecord['mail']): string | null {
  const tag = tags?.[SES_MESSAGE_TAG]?.[0];
  const header = headers?.find(({ name }) => name.toLowerCase() === 'x-mail-message-id')?.value;
  return toOwnId(tag ?? header);
}
