import type { RecipientRefusal, SendResult } from './provider.ts';

/** Makes the server's acceptance a result, with the recipients that it refused beside the others. */
export function toSent(response: string, refusals: readonly unknown[]): SendResult {
  return {
    kind: 'sent',
    providerMessageId: findQueueId(response),
    response,
    refused: refusals.flatMap(toRefusal),
    isDelivered: false,
  };
}

type Failure = {
  error: unknown;
  /** What the server said about single recipients before the message failed. */
  refusals: readonly unknown[];
  /** Whether any byte of the message may have left. */
  isHandedOver: boolean;
  isAborted: boolean;
};

/**
 * Sorts a failed transaction. A reply of the server is believed wherever it comes; without one all depends on whether
 * the body was let go: before it nothing can have been delivered, after it nobody knows.
 */
export function toFailure({ error, refusals, isHandedOver, isAborted }: Failure): SendResult {
  const { code, responseCode, response, command } = readSmtpError(error);
  const refused = refusals.flatMap(toRefusal);
  const isReply = responseCode >= 400 && responseCode < 600;
  if (isReply && code === 'EMESSAGE') return toDefinite({ responseCode, response, refused });
  if (isHandedOver)
    return { kind: 'ambiguous', reason: isAborted ? 'aborted after the hand-over' : describeError(error) };
  if (isAborted) return { kind: 'provider_down', reason: 'aborted' };
  // The envelope itself, or its size, is unacceptable to nodemailer or to the limit that the server announced.
  const isLocal = responseCode === 0 && (code === 'EMESSAGE' || (code === 'EENVELOPE' && command === 'API'));
  if (isLocal || code === 'ESTREAM') return { kind: 'rejected', response: describeError(error), refused };
  if (!isReply || code !== 'EENVELOPE') return { kind: 'provider_down', reason: describeError(error) };
  return command === 'RCPT TO' && refused.length > 0
    ? toAllRefused({ error, response, refused })
    : toEnvelopeResult({ error, responseCode, response, refused });
}

/** True where the connection broke rather than the message being refused: 421 announces that it is closing. */
export function isConnectionLoss(error: unknown): boolean {
  const { code, responseCode } = readSmtpError(error);
  if (responseCode === 421) return true;
  return responseCode === 0 && code !== 'EENVELOPE' && code !== 'EMESSAGE' && code !== 'ESTREAM';
}

/** The error in one line for a timeline: nodemailer's code and words, which include the server's. */
export function describeError(error: unknown): string {
  const { code } = readSmtpError(error);
  const words = error instanceof Error ? error.message : String(error);
  return code === '' ? words : `${code}: ${words}`;
}

/** About the session, not the message: closing, out of step, or asking for encryption or credentials. */
const SESSION_CODES: readonly number[] = [421, 503, 530, 534, 535, 538];

type Reply = { responseCode: number; response: string; refused: RecipientRefusal[] };

function toDefinite({ responseCode, response, refused }: Reply): SendResult {
  if (isPermanent(responseCode)) return { kind: 'rejected', response, refused };
  return { kind: 'deferred', response, retryAfterMs: null, refused };
}

function toEnvelopeResult({ error, ...reply }: Reply & { error: unknown }): SendResult {
  if (SESSION_CODES.includes(reply.responseCode))
    return { kind: 'provider_down', reason: describeError(error) };
  return toDefinite(reply);
}

function toAllRefused({
  error,
  response,
  refused,
}: Omit<Reply, 'responseCode'> & { error: unknown }): SendResult {
  const codes = refused.map((refusal) => codeOf(refusal.response));
  if (codes.every((code) => SESSION_CODES.includes(code)))
    return { kind: 'provider_down', reason: describeError(error) };
  if (refused.every(({ isPermanent: isFinal }) => isFinal)) return { kind: 'rejected', response, refused };
  return { kind: 'deferred', response, retryAfterMs: null, refused };
}

// 503 is about the order of commands: the same recipient is accepted in a session that is in step.
function isPermanent(responseCode: number): boolean {
  return responseCode >= 500 && responseCode !== 503;
}

function codeOf(response: string): number {
  return Number(/^\d{3}/.exec(response)?.[0] ?? 0);
}

function toRefusal(error: unknown): RecipientRefusal[] {
  const { recipient, response, responseCode } = readSmtpError(error);
  return recipient === '' ? [] : [{ address: recipient, isPermanent: isPermanent(responseCode), response }];
}

/** How relays name the message in their final reply. */
const QUEUE_IDS: readonly RegExp[] = [
  // Microsoft 365: "250 2.0.0 OK <id@host.prod.outlook.com> [Hostname=...]"
  /^250 2\.0\.0 OK (<[^<>\s]+\.prod\.outlook\.com>)/i,
  // Amazon SES: "250 Ok 0100018b5c3c0a4f-...-000000"
  /^250 Ok ([0-9a-f]+(?:-[0-9a-f]+)+)$/i,
  // Postfix, Exim, Haraka and others: "250 2.0.0 Ok: queued as 4XyZ"
  /\b(?:queued as|id=)\s*<?([\w.@+-]+)/i,
];

function findQueueId(response: string): string | null {
  return QUEUE_IDS.map((pattern) => pattern.exec(response)?.[1]).find((id) => id !== undefined) ?? null;
}

type SmtpError = { code: string; command: string; recipient: string; response: string; responseCode: number };

function readSmtpError(error: unknown): SmtpError {
  return {
    code: readText(error, 'code'),
    command: readText(error, 'command'),
    recipient: readText(error, 'recipient'),
    response: readText(error, 'response'),
    responseCode: codeOf(readText(error, 'response')),
  };
}

function readText(source: unknown, key: string): string {
  if (typeof source !== 'object' || source === null) return '';
  const value: unknown = Reflect.get(source, key);
  return typeof value === 'string' ? value : '';
}
