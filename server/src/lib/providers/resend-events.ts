import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { toEventId, toOwnId } from './callback.ts';
import { toOneLine } from './http-outcome.ts';
import type { ProviderEvent, ProviderEventType } from './provider-event.ts';

const optional = <T extends TSchema>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]));
const TEXT = optional(Type.String());
const ADDRESSES = optional(Type.Union([Type.String(), Type.Array(Type.String())]));

/** The fields of the events at https://resend.com/docs/webhooks/event-types that are read here; others are let be. */
const RecordSchema = Type.Object({
  type: Type.String(),
  created_at: TEXT,
  data: Type.Object({
    email_id: Type.String({ minLength: 1, maxLength: 200 }),
    created_at: TEXT,
    to: ADDRESSES,
    cc: ADDRESSES,
    bcc: ADDRESSES,
    /** An object today; a list of names and values in what was posted before. */
    tags: optional(Type.Unknown()),
    headers: optional(Type.Unknown()),
    bounce: optional(Type.Object({ message: TEXT, type: TEXT, subType: TEXT })),
    suppressed: optional(Type.Object({ message: TEXT, type: TEXT })),
    failed: optional(Type.Object({ reason: TEXT })),
    click: optional(Type.Object({ link: TEXT, timestamp: TEXT, userAgent: TEXT })),
    open: optional(Type.Object({ timestamp: TEXT, userAgent: TEXT })),
  }),
});

type ResendRecord = Static<typeof RecordSchema>;
type Fact = { type: ProviderEventType; detail: string; about: 'each' | 'unnamed'; id?: string | undefined };

/**
 * Reads one event of Resend's webhooks into one event a recipient.
 *
 * Resend lists whom the mail went to, and not whom the event is about: a bounce, complaint, opening or click of a mail to
 * several names nobody, so that nobody is suppressed for another's bounce.
 *
 * @returns nothing where it is no event of a mail that was sent
 */
export function toResendEvents(value: unknown, { provider }: { provider: string }): ProviderEvent[] {
  if (!Value.Check(RecordSchema, value)) return [];
  const { data, created_at: createdAt } = value;
  const fact = toFact(value);
  const occurredAt = new Date(createdAt ?? data.created_at ?? Number.NaN);
  if (!fact || Number.isNaN(occurredAt.getTime())) return [];
  return recipientsOf(data, fact).map((recipient) => ({
    providerEventId: toEventId('resend', [
      data.email_id,
      fact.type,
      fact.id ?? occurredAt.toISOString(),
      recipient ?? '',
    ]),
    provider,
    providerMessageId: data.email_id,
    messageId: toOwnId(findTag(data.tags) ?? findHeader(data.headers)),
    type: fact.type,
    recipient,
    occurredAt,
    detail: toOneLine(fact.detail),
  }));
}

function toFact({ type, data }: ResendRecord): Fact | null {
  switch (type) {
    case 'email.sent':
      return { type: 'sent', detail: 'accepted by Resend', about: 'each' };
    case 'email.delivered':
      return { type: 'delivered', detail: '', about: 'each' };
    case 'email.delivery_delayed':
      return { type: 'deferred', detail: 'delayed', about: 'each' };
    case 'email.bounced':
      return toBounce(data.bounce);
    case 'email.complained':
      return { type: 'spam', detail: 'complaint', about: 'unnamed' };
    case 'email.failed':
      return { type: 'rejected', detail: data.failed?.reason ?? 'failed at Resend', about: 'each' };
    case 'email.suppressed':
      return { type: 'rejected', detail: data.suppressed?.message ?? 'suppressed by Resend', about: 'each' };
    case 'email.opened':
      return { type: 'opened', detail: data.open?.userAgent ?? '', about: 'unnamed' };
    case 'email.clicked':
      return { type: 'clicked', detail: data.click?.link ?? '', about: 'unnamed', id: toClickId(data.click) };
    default:
      return null;
  }
}

/** Permanent is final; Transient and Undetermined mean that it gave up, which says nothing about the next mail. */
function toBounce(bounce: ResendRecord['data']['bounce']): Fact {
  const { type, subType, message } = bounce ?? {};
  return {
    // Before the field existed every bounce was a permanent one.
    type: (type ?? 'Permanent') === 'Permanent' ? 'bounced_hard' : 'bounced_soft',
    detail: [type, subType, message].filter(Boolean).join(' '),
    about: 'unnamed',
  };
}

/** Two links may be clicked in the same moment. */
function toClickId(click: ResendRecord['data']['click']): string | undefined {
  return click?.timestamp ? `${click.timestamp} ${click.link ?? ''}` : undefined;
}

function recipientsOf({ to, cc, bcc }: ResendRecord['data'], { about }: Fact): (string | null)[] {
  const all = [to, cc, bcc].flatMap((field) => field ?? []).map(toAddress);
  const [only] = all;
  if (only === undefined || (about === 'unnamed' && all.length > 1)) return [null];
  return all;
}

/** Some have the whole mailbox: "Ada" <ada@example.com>. */
function toAddress(text: string): string {
  return /<([^<>]+)>\s*$/.exec(text)?.[1] ?? text.trim();
}

function findTag(tags: unknown): string | null {
  if (Array.isArray(tags)) return findNamed(tags, 'message_id');
  return isRecord(tags) && typeof tags['message_id'] === 'string' ? tags['message_id'] : null;
}

function findHeader(headers: unknown): string | null {
  return Array.isArray(headers) ? findNamed(headers, 'x-mail-message-id') : null;
}

function findNamed(list: readonly unknown[], name: string): string | null {
  for (const item of list) {
    if (!isRecord(item) || typeof item['name'] !== 'string' || typeof item['value'] !== 'string') continue;
    if (item['name'].toLowerCase() === name) return item['value'];
  }
  return null;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
