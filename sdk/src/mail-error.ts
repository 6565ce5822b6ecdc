/** Codes that do not come from the service but from the way to it. */
type LocalCode = 'network_error' | 'unexpected_answer';

/** The service's closed list of codes (see its docs/errors.md), and those of the way to it. */
export type MailErrorCode = LocalCode | (string & {});

/** A call that did not succeed. `code` is stable; `message` is for people. */
export class MailError extends Error {
  readonly code: MailErrorCode;
  /** The HTTP status, or null where there was no answer. */
  readonly status: number | null;
  /** The id under which the service's log knows the request, or null. */
  readonly requestId: string | null;
  /** What is wrong where, for a request of the wrong shape. */
  readonly errors: readonly { path: string; message: string }[];

  constructor(facts: {
    code: MailErrorCode;
    message: string;
    status: number | null;
    requestId?: string | null;
    errors?: readonly { path: string; message: string }[];
    cause?: unknown;
  }) {
    super(facts.message, { cause: facts.cause });
    this.name = 'MailError';
    this.code = facts.code;
    this.status = facts.status;
    this.requestId = facts.requestId ?? null;
    this.errors = facts.errors ?? [];
  }
}

/** Reads the service's problem+json; anything else (a proxy's page, say) is an `unexpected_answer`. */
export function toMailError(status: number, body: unknown): MailError {
  if (isProblem(body)) {
    const { code, detail, requestId, errors } = body;
    return new MailError({ code, message: detail, status, requestId, errors: errors ?? [] });
  }
  return new MailError({
    code: 'unexpected_answer',
    message: `The server answered ${status} without a reason.`,
    status,
  });
}

type ProblemBody = {
  code: string;
  detail: string;
  requestId: string;
  errors?: { path: string; message: string }[];
};

function isProblem(body: unknown): body is ProblemBody {
  return (
    typeof body === 'object' &&
    body !== null &&
    'code' in body &&
    typeof body.code === 'string' &&
    'detail' in body &&
    typeof body.detail === 'string'
  );
}
