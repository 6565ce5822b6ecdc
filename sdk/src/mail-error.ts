import type { AnswerInfo } from './answer.ts';
import type { BatchProblem, ProblemCode } from './types.ts';

/**
 * Codes that do not come from the service but from the way to it, or from this library:
 *
 * - `not_configured`: no base URL or no key, or one that cannot be
 * - `invalid_argument`: what was passed could not be sent
 * - `network_error`: nothing was answered
 * - `timeout`: nothing was answered in time
 * - `aborted`: the caller's signal ended it
 * - `unexpected_answer`: something answered that is not the service, a proxy for example
 * - `message_ended`: a message that was waited for ended in another status
 * - `wait_timeout`: what was waited for did not come in time
 * - `webhook_invalid`: a webhook is forged, damaged or too old
 */
export type LocalCode =
  | 'not_configured'
  | 'invalid_argument'
  | 'network_error'
  | 'timeout'
  | 'aborted'
  | 'unexpected_answer'
  | 'message_ended'
  | 'wait_timeout'
  | 'webhook_invalid';

/**
 * Every `code` of a {@link MailError}. A newer service may have codes that this list does not know yet, so give a `switch` a
 * `default`.
 */
export type MailErrorCode = ProblemCode | LocalCode;

/** One wrong place: a JSON pointer into what was sent, or file, line and column of a template. */
export type ErrorPlace = { path: string; message: string };

/** What an error is made from. */
export type MailErrorFacts = {
  code: MailErrorCode;
  message: string;
  status?: number | null;
  requestId?: string | null;
  errors?: readonly ErrorPlace[];
  items?: readonly BatchProblem[];
  retryAfterMs?: number | null;
  answer?: AnswerInfo | null;
  cause?: unknown;
};

class MailServiceError extends Error {
  /** Stable; `message` is for people. */
  readonly code: MailErrorCode;
  /** The HTTP status, or null where there was no answer. */
  readonly status: number | null;
  /** The id under which the service's log knows the request, or null. */
  readonly requestId: string | null;
  /** What is wrong where, for a request or a template of the wrong shape. */
  readonly errors: readonly ErrorPlace[];
  /** For `batch_rejected`: which messages were not acceptable, and why. */
  readonly items: readonly BatchProblem[];
  /** How long the service asks to wait before the next attempt, in milliseconds. */
  readonly retryAfterMs: number | null;
  /** Rate limit, attempts and headers' facts of the answer, where there was one. */
  readonly answer: AnswerInfo | null;

  constructor(facts: MailErrorFacts) {
    super(facts.message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = 'MailError';
    this.code = facts.code;
    this.status = facts.status ?? null;
    this.requestId = facts.requestId ?? null;
    this.errors = facts.errors ?? [];
    this.items = facts.items ?? [];
    this.retryAfterMs = facts.retryAfterMs ?? null;
    this.answer = facts.answer ?? null;
  }
}

type Base = Omit<MailServiceError, 'code' | 'status'>;
type ServiceFailure = { [Code in ProblemCode]: Base & { readonly code: Code; readonly status: number } };
type LocalFailure = {
  [Code in Exclude<LocalCode, 'unexpected_answer'>]: Base & { readonly code: Code; readonly status: null };
};

/**
 * A call that did not succeed: a union that `code` tells apart, so that a `switch` over it is checked. Test for it with
 * `instanceof MailError`.
 *
 * @example
 * try {
 *   await mailer.send({ to: 'nobody', subject: 'Hello', text: 'Hello' });
 * } catch (error) {
 *   if (!(error instanceof MailError)) throw error;
 *   if (error.code === 'invalid_request') console.log(error.errors.map(({ path }) => path)); // ['/to']
 * }
 */
export type MailError =
  | ServiceFailure[ProblemCode]
  | LocalFailure[Exclude<LocalCode, 'unexpected_answer'>]
  | (Base & { readonly code: 'unexpected_answer'; readonly status: number });

type MailErrorConstructor = { new (facts: MailErrorFacts): MailError; readonly prototype: MailError };

// The class has one shape and the type is a union by code, which no class can say: hence the cast.
export const MailError = MailServiceError as unknown as MailErrorConstructor;

/**
 * Reads the service's problem+json; anything else (a proxy's page, say) is an `unexpected_answer`.
 *
 * @internal
 */
export function toMailError(body: unknown, answer: AnswerInfo, retryAfterMs: number | null): MailError {
  const { status } = answer;
  if (!isProblem(body)) {
    const message = `Something that is not the mail service answered ${status}.`;
    return new MailError({
      code: 'unexpected_answer',
      message,
      status,
      answer,
      retryAfterMs,
      requestId: answer.requestId,
    });
  }
  const { code, detail, errors, items } = body;
  return new MailError({
    code,
    message: detail,
    status,
    requestId: body.requestId ?? answer.requestId,
    retryAfterMs,
    answer,
    ...(errors ? { errors } : {}),
    ...(items ? { items } : {}),
  });
}

type ProblemBody = {
  code: ProblemCode;
  detail: string;
  requestId?: string;
  errors?: ErrorPlace[];
  items?: BatchProblem[];
};

function isProblem(body: unknown): body is ProblemBody {
  return (
    typeof body === 'object' &&
    body !== null &&
    'code' in body &&
    typeof body.code === 'string' &&
    'detail' in body &&
    typeof body.detail === 'string' &&
    (!('errors' in body) || Array.isArray(body.errors)) &&
    (!('items' in body) || Array.isArray(body.items))
  );
}
