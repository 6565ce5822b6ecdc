/**
 * The closed list of error codes: status and title of each. Codes are part of the API's contract and never change
 * their meaning; docs/errors.md explains each with cause and remedy.
 */
export const PROBLEMS = {
  invalid_json: { status: 400, title: 'The body is not valid JSON' },
  unauthenticated: { status: 401, title: 'A valid API key is needed' },
  client_suspended: { status: 403, title: 'The client is suspended' },
  scope_missing: { status: 403, title: "The key's scopes do not allow this" },
  client_key_required: { status: 403, title: "This needs a client's key" },
  from_not_allowed: { status: 403, title: 'The client may not send from this domain' },
  host_not_allowed: { status: 403, title: 'This server answers on loopback addresses only' },
  origin_not_allowed: { status: 403, title: 'Requests from other origins are refused' },
  live_key_required: { status: 403, title: 'This needs a live key' },
  callback_refused: { status: 403, title: 'The callback is not genuine' },
  not_found: { status: 404, title: 'There is no such resource' },
  template_not_found: { status: 404, title: 'There is no such template' },
  method_not_allowed: { status: 405, title: 'The resource has no such method' },
  idempotency_key_reused: { status: 409, title: 'The idempotency key was used for another request' },
  idempotency_in_progress: { status: 409, title: 'A request with this idempotency key is under way' },
  not_cancelable: { status: 409, title: 'The message can no longer be canceled' },
  not_scheduled: { status: 409, title: 'The message does not wait for a time' },
  template_in_use: { status: 409, title: 'Mail that waits needs the template' },
  client_in_use: { status: 409, title: 'The client has mail under way' },
  name_taken: { status: 409, title: 'The name is taken' },
  too_many_endpoints: { status: 409, title: 'There are as many webhook endpoints as there may be' },
  endpoint_paused: { status: 409, title: 'The webhook endpoint is paused' },
  not_resolvable: { status: 409, title: 'Only an unknown message can be resolved' },
  not_retryable: { status: 409, title: 'Only a failed message can be retried' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body must be JSON' },
  invalid_request: { status: 422, title: 'The request does not have the right shape' },
  batch_rejected: { status: 422, title: 'No message of the batch was accepted' },
  invalid_props: { status: 422, title: "The props do not fit the template's schema" },
  template_invalid: { status: 422, title: 'The template cannot be accepted' },
  template_build_failed: { status: 422, title: 'The template does not compile' },
  template_render_failed: { status: 422, title: 'The template does not render' },
  too_many_streams: { status: 429, title: 'There are as many event streams as there may be' },
  rate_limited: { status: 429, title: 'Too many requests a minute' },
  too_many_failures: { status: 429, title: 'Too many wrong keys from this address' },
  quota_exceeded: { status: 429, title: 'The quota of this month is used up' },
  internal_error: { status: 500, title: 'Something went wrong on our side' },
  overloaded: { status: 503, title: 'The service has more to do than it can keep up with' },
  service_unavailable: { status: 503, title: 'The service cannot take this right now' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

/** One wrong place: `path` is a JSON pointer into what was sent, or a source position for a template. */
export type ProblemDetail = { path: string; message: string };

/** The body of every error answer (RFC 9457). */
export type Problem = {
  type: string;
  title: string;
  status: number;
  code: ProblemCode;
  detail: string;
  requestId: string;
  errors?: readonly ProblemDetail[];
  /** Of a batch: every message that was not acceptable. */
  items?: readonly BatchItemProblem[];
};

/** What is wrong with one message of a batch, by its place in it. */
export type BatchItemProblem = {
  index: number;
  status: number;
  code: ProblemCode;
  detail: string;
  errors?: readonly ProblemDetail[];
};

/** Thrown anywhere in the API to answer with a problem; whatever else is thrown becomes a bare `internal_error`. */
export class ApiError extends Error {
  constructor(
    readonly code: ProblemCode,
    detail: string,
    readonly options: {
      errors?: readonly ProblemDetail[];
      items?: readonly BatchItemProblem[];
      headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(detail);
    this.name = 'ApiError';
  }
}

/** Where the list of codes is explained, relative to the server. */
const DOCUMENT = '/docs/errors';

/** The body of the answer to a failed request. */
export function toProblem(error: ApiError, requestId: string): Problem {
  const { status, title } = PROBLEMS[error.code];
  const { errors, items } = error.options;
  return {
    type: `${DOCUMENT}#${error.code}`,
    title,
    status,
    code: error.code,
    detail: error.message,
    requestId,
    ...(errors ? { errors } : {}),
    ...(items ? { items } : {}),
  };
}

/** The answer to a failed request. */
export function toProblemResponse(error: ApiError, requestId: string): Response {
  const problem = toProblem(error, requestId);
  const { status } = problem;
  const { headers } = error.options;
  return new Response(JSON.stringify(problem), {
    status,
    headers: { ...headers, 'content-type': 'application/problem+json' },
  });
}
