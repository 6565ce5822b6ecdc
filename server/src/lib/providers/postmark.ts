import { formatAddress } from '../mail/address.ts';
import { type Attachment, toMimeMessageId } from '../mail/mime-input.ts';
import type { HttpAnswer, HttpRequest } from './http-exchange.ts';
import {
  classifyStatus,
  isSuccess,
  parseAnswerObject,
  toDown,
  toOneLine,
  toThrottled,
} from './http-outcome.ts';
import { createHttpProvider, partsOf, toCustomHeaders, toSendResult } from './http-provider.ts';
import { type FieldRecipients, spreadRecipients } from './http-recipients.ts';
import type { OutboundMail, Provider, RecipientRefusal, SendResult } from './provider.ts';

export type PostmarkProviderOptions = {
  /** Shown in timelines and metrics. */
  name: string;
  serverToken: string;
  /** `outbound` by default, Postmark's own transactional stream. */
  messageStream?: string;
  /** Postmark's API by default. */
  endpoint?: string | null;
  /** Requests under way at once; 20 by default. */
  maxInFlight?: number;
  now?: () => Date;
};

/** Carries our id through Postmark into its webhooks. Names of metadata have 20 characters at most. */
const METADATA_NAME = 'message_id';

const ENDPOINT = 'https://api.postmarkapp.com';

/**
 * Sends through Postmark's API. It takes fields and no bytes, and writes to whoever is in a field; recipients that it
 * knows to be dead it leaves out and names, which makes them `refused`.
 */
export function createPostmarkProvider({
  name,
  serverToken,
  messageStream = 'outbound',
  endpoint = null,
  maxInFlight = 20,
  now = () => new Date(),
}: PostmarkProviderOptions): Provider {
  const headers = {
    accept: 'application/json',
    'content-type': 'application/json',
    'x-postmark-server-token': serverToken,
  };
  return createHttpProvider({
    name,
    maxInFlight,
    async deliver(mail, { go }) {
      const recipients = spreadRecipients(mail.envelope.to, partsOf(mail));
      const body = Buffer.from(
        JSON.stringify({ ...toFields(mail, recipients), MessageStream: messageStream }),
      );
      const request: HttpRequest = {
        method: 'POST',
        url: new URL('/email', endpoint ?? ENDPOINT).href,
        headers,
        body,
      };
      return toSendResult(await go(request), (answer) =>
        readAnswer(answer, { envelopeTo: mail.envelope.to, postponed: recipients.postponed, now: now() }),
      );
    },
  });
}

function toFields(mail: OutboundMail, { to, cc, bcc }: FieldRecipients): Record<string, unknown> {
  const parts = partsOf(mail);
  const headers = {
    ...toCustomHeaders(parts),
    'Message-ID': toMimeMessageId({ messageId: mail.messageId, from: parts.from }),
    // Without it Postmark puts an id of its own in the place of ours.
    'X-PM-KeepID': 'true',
    'X-Mail-Message-Id': mail.messageId,
  };
  return {
    From: formatAddress(parts.from),
    To: to.join(', '),
    ...(cc.length > 0 && { Cc: cc.join(', ') }),
    ...(bcc.length > 0 && { Bcc: bcc.join(', ') }),
    ...(parts.replyTo.length > 0 && { ReplyTo: parts.replyTo.map(formatAddress).join(', ') }),
    Subject: parts.subject,
    ...(parts.html !== null && { HtmlBody: parts.html }),
    ...(parts.text !== null && { TextBody: parts.text }),
    Headers: Object.entries(headers).map(([Name, Value]) => ({ Name, Value })),
    Metadata: { [METADATA_NAME]: mail.messageId },
    ...(parts.attachments.length > 0 && { Attachments: parts.attachments.map(toAttachment) }),
  };
}

function toAttachment({ filename, contentType, content, contentId }: Attachment): Record<string, string> {
  return {
    Name: filename,
    ContentType: contentType,
    Content: Buffer.from(content).toString('base64'),
    ...(contentId !== null && { ContentID: `cid:${contentId}` }),
  };
}

type AnswerContext = { envelopeTo: readonly string[]; postponed: readonly RecipientRefusal[]; now: Date };

function readAnswer(answer: HttpAnswer, { envelopeTo, postponed, now }: AnswerContext): SendResult {
  const { ErrorCode: code, Message: message, MessageID: id } = parseAnswerObject(answer) ?? {};
  const words = toOneLine(typeof message === 'string' ? message : answer.body);
  if (typeof code !== 'number') return classifyStatus(answer, { words, now });
  const response = `${code} ${words}`.trim();
  if (code === 0 && isSuccess(answer)) {
    const refused = [...findInactive(words, envelopeTo), ...postponed];
    const providerMessageId = typeof id === 'string' ? id : null;
    return { kind: 'sent', providerMessageId, response, refused, isDelivered: false };
  }
  if (code === INACTIVE_RECIPIENT) {
    const refused = envelopeTo.map((address) => ({ address, isPermanent: true, response }));
    return postponed.length > 0
      ? { kind: 'deferred', response, retryAfterMs: null, refused: markPostponed(refused, postponed) }
      : { kind: 'rejected', response, refused };
  }
  if (code === RATE_LIMITED) return toThrottled(answer, { words, now });
  if (CONFIGURATION_CODES.includes(code)) return toDown(response);
  return classifyStatus(answer, { words: response, now });
}

const INACTIVE_RECIPIENT = 406;
const RATE_LIMITED = 429;
/**
 * Of the list at https://postmarkapp.com/developer/api/overview#error-codes those that are about our account or about
 * Postmark and not about the message: token, maintenance, no credits, account pending or stopped, unknown stream.
 */
const CONFIGURATION_CODES: readonly number[] = [10, 100, 405, 412, 413, 1235];

/** Postmark accepts a mail for the others and says: "... will not deliver to these inactive addresses: a@b, c@d". */
function findInactive(message: string, envelopeTo: readonly string[]): RecipientRefusal[] {
  const list = /inactive addresses: (.+?)(?:\. |\.?$)/.exec(message)?.[1];
  if (list === undefined) return [];
  const inactive = new Set(list.split(',').map((address) => address.trim().toLowerCase()));
  return envelopeTo
    .filter((address) => inactive.has(address.toLowerCase()))
    .map((address) => ({ address, isPermanent: true, response: message }));
}

function markPostponed(
  refused: readonly RecipientRefusal[],
  postponed: readonly RecipientRefusal[],
): RecipientRefusal[] {
  const later = new Map(postponed.map((refusal) => [refusal.address, refusal]));
  return refused.map((refusal) => later.get(refusal.address) ?? refusal);
}
