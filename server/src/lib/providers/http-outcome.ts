import type { HttpAnswer } from './http-exchange.ts';
import { parseRetryAfter } from './http-retry-after.ts';
import type { SendResult } from './provider.ts';

/** What the body of an answer said beyond its status. */
type Words = { words: string; now: Date };

/**
 * Sorts an answer that is no acceptance by its status alone, for codes that an adapter knows nothing more exact about.
 *
 * Any answer of the API itself is believed: what it refuses or fails at, it has not taken. The exceptions are what a gateway
 * gives when it lost the API's own answer (502, 504, and the numbers of their own that some have, such as 520 and 524), and a
 * 2xx whose body says nothing that we understand.
 */
export function classifyStatus(answer: HttpAnswer, { words, now }: Words): SendResult {
  const { status } = answer;
  const response = `${status} ${words}`.trim();
  if (status === 429) return toThrottled(answer, { words, now });
  if (status < 300 || (status >= 500 && !FAILURE_STATUSES.includes(status)))
    return { kind: 'ambiguous', reason: response };
  // Redirects, credentials, a wrong address of the API: nothing about this message.
  if (status < 400 || CONFIGURATION_STATUSES.includes(status)) return toDown(response);
  if (status === 408 || status === 425)
    return { kind: 'deferred', response, retryAfterMs: null, refused: [] };
  return status >= 500 ? toDown(response) : { kind: 'rejected', response, refused: [] };
}

/** What an API says of itself: it failed, it cannot, it is not there now. */
const FAILURE_STATUSES: readonly number[] = [500, 501, 503];

const CONFIGURATION_STATUSES: readonly number[] = [401, 402, 403, 404, 405, 407];

/** We are over the provider's rate or quota: it took nothing, and says when to come back if it says anything. */
export function toThrottled({ status, headers }: HttpAnswer, { words, now }: Words): SendResult {
  return {
    kind: 'deferred',
    response: `${status} ${words}`.trim(),
    retryAfterMs: parseRetryAfter(headers.get('retry-after'), now),
    refused: [],
    isThrottled: true,
  };
}

/** The provider as a whole is of no use now. */
export function toDown(reason: string): SendResult {
  return { kind: 'provider_down', reason };
}

/** True for the statuses that say "done", whatever their body. */
export function isSuccess({ status }: HttpAnswer): boolean {
  return status >= 200 && status < 300;
}

/** Fields of a JSON object in the answer; null where it is none. */
export function parseAnswerObject({ body, isWhole }: HttpAnswer): Readonly<Record<string, unknown>> | null {
  if (!isWhole) return null;
  try {
    const value: unknown = JSON.parse(body);
    return isRecord(value) ? value : null;
  } catch {
    return null; // A page of a proxy, or nothing at all: the status has to do.
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A provider's words in one line of bounded length, for timelines: the whole text may be a page of HTML. */
export function toOneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, 300);
}
