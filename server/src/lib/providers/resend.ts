import { createHash } from 'node:crypto';
import { formatAddress } from '../mail/address.ts';
import type { Attachment } from '../mail/mime-input.ts';
import type { HttpAnswer, HttpExchange, HttpRequest } from './http-exchange.ts';
import { classifyStatus, isSuccess, parseAnswerObject, toDown, toOneLine } from './http-outcome.ts';
import { createHttpProvider, partsOf, toCustomHeaders, toSendResult } from './http-provider.ts';
import { type FieldRecipients, spreadRecipients } from './http-recipients.ts';
import type { OutboundMail, Provider, RecipientRefusal, SendResult } from './provider.ts';

export type ResendProviderOptions = {
  /** Shown in timelines and metrics. */
  name: string;
  apiKey: string;
  /** Resend's API by default. */
  endpoint?: string | null;
  /** Requests under way at once; 10 by default. */
  maxInFlight?: number;
  now?: () => Date;
  /** Waits before a repetition, no longer than the signal lets it. */
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
};

const REPETITION_DELAYS_MS: readonly number[] = [250, 1000, 3000];

const ENDPOINT = 'https://api.resend.com';

/**
 * Sends through Resend's API. Every request carries a key made of our id and the recipients, which Resend remembers, so
 * that a request whose answer was lost is repeated here at once: the mail leaves once.
 */
export function createResendProvider({
  name,
  apiKey,
  endpoint = null,
  maxInFlight = 10,
  now = () => new Date(),
  sleep = sleepUnlessAborted,
}: ResendProviderOptions): Provider {
  return createHttpProvider({
    name,
    maxInFlight,
    async deliver(mail, { go, signal }) {
      const recipients = spreadRecipients(mail.envelope.to, partsOf(mail));
      const request: HttpRequest = {
        method: 'POST',
        url: new URL('/emails', endpoint ?? ENDPOINT).href,
        headers: {
          authorization: `Bearer ${apiKey}`,
          'content-type': 'application/json',
          'idempotency-key': toIdempotencyKey(mail.messageId, recipients),
        },
        body: Buffer.from(JSON.stringify(toFields(mail, recipients))),
      };
      const read = (outcome: HttpExchange) =>
        toSendResult(outcome, (answer) =>
          readAnswer(answer, { postponed: recipients.postponed, now: now() }),
        );
      const ask = async () => read(await go(request));
      return repeatWhileAmbiguous(ask, (ms) => sleep(ms, signal));
    },
  });
}

/**
 * Asks again while nobody knows. Once a request may have been taken, only an answer about that very mail settles it: a
 * later refusal for rate, credentials or an outage says nothing about the first request.
 */
async function repeatWhileAmbiguous(
  ask: () => Promise<SendResult>,
  sleep: (ms: number) => Promise<void>,
): Promise<SendResult> {
  const first = await ask();
  if (first.kind !== 'ambiguous') return first;
  for (const delayMs of REPETITION_DELAYS_MS) {
    await sleep(delayMs);
    const again = await ask();
    if (again.kind === 'sent' || again.kind === 'rejected') return again;
    if (again.kind === 'provider_down' && again.reason === 'aborted') return first;
  }
  return first;
}

async function sleepUnlessAborted(ms: number, signal: AbortSignal): Promise<void> {
  const isOver = Promise.withResolvers<void>();
  const timer = setTimeout(isOver.resolve, ms);
  const end = () => isOver.resolve();
  signal.addEventListener('abort', end, { once: true });
  await isOver.promise;
  clearTimeout(timer);
  signal.removeEventListener('abort', end);
}

/** The same for the same mail to the same people, so that those who are left over get a key of their own. */
function toIdempotencyKey(messageId: string, { to, cc, bcc }: FieldRecipients): string {
  const recipients = JSON.stringify([to, cc, bcc]);
  return `${messageId}/${createHash('sha256').update(recipients).digest('hex').slice(0, 32)}`;
}

function toFields(mail: OutboundMail, { to, cc, bcc }: FieldRecipients): Record<string, unknown> {
  const parts = partsOf(mail);
  return {
    from: formatAddress(parts.from),
    to,
    ...(cc.length > 0 && { cc }),
    ...(bcc.length > 0 && { bcc }),
    ...(parts.replyTo.length > 0 && { reply_to: parts.replyTo.map(formatAddress) }),
    subject: parts.subject,
    ...(parts.html !== null && { html: parts.html }),
    // Left out, Resend would make a text of its own from the HTML.
    text: parts.text ?? '',
    headers: { ...toCustomHeaders(parts), 'X-Mail-Message-Id': mail.messageId },
    tags: [{ name: 'message_id', value: mail.messageId }],
    ...(parts.attachments.length > 0 && { attachments: parts.attachments.map(toAttachment) }),
  };
}

function toAttachment({ filename, contentType, content, contentId }: Attachment): Record<string, string> {
  return {
    filename,
    content_type: contentType,
    content: Buffer.from(content).toString('base64'),
    ...(contentId !== null && { content_id: contentId }),
  };
}

type AnswerContext = { postponed: readonly RecipientRefusal[]; now: Date };

function readAnswer(answer: HttpAnswer, { postponed, now }: AnswerContext): SendResult {
  const { id, name, message } = parseAnswerObject(answer) ?? {};
  if (isSuccess(answer) && typeof id === 'string' && id !== '') {
    return { kind: 'sent', providerMessageId: id, response: id, refused: postponed, isDelivered: false };
  }
  const code = typeof name === 'string' ? name : '';
  const words = toOneLine(`${code} ${typeof message === 'string' ? message : answer.body}`);
  const response = `${answer.status} ${words}`.trim();
  // The key is known: a request of ours is being worked on, or was, and only it can tell what became of the mail.
  if (answer.status === 409) return { kind: 'ambiguous', reason: response };
  // An unverified sender domain or a test account; the other 403 is a wrong key.
  if (answer.status === 403 && code === 'validation_error') {
    return { kind: 'rejected', response, refused: [] };
  }
  if (answer.status === 400 && code === 'invalid_api_key') return toDown(response);
  return classifyStatus(answer, { words, now });
}
