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
  template_in_use: { status: 409, title: 'Mail that waits needs the template' },
  name_taken: { status: 409, title: 'The name is taken' },
  not_resolvable: { status: 409, title: 'Only an unknown message can be resolved' },
  not_retryable: { status: 409, title: 'Only a failed message can be retried' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body must be JSON' },
  invalid_request: { status: 422, title: 'The request does not have the right shape' },
  invalid_props: { status: 422, title: "The props do not fit the template's schema" },
  template_invalid: { status: 422, title: 'The template cannot be accepted' },
  template_build_failed: { status: 422, title: 'The template does not compile' },
  template_render_failed: { status: 422, title: 'The template does not render' },
  internal_error: { status: 500, title: 'Something went wrong on our side' },
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
};

/** Thrown anywhere in the API to answer with a problem; whatever else is thrown becomes a bare `internal_error`. */
export class ApiError extends Error {
  constructor(
    readonly code: ProblemCode,
    detail: string,
    readonly options: { errors?: readonly ProblemDetail[]; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(detail);
    this.name = 'ApiError';
  }
}

/** Where the list of codes is explained, relative to the server. */
const DOCUMENT = '/docs/errors';

/** The answer to a failed request. */
export function toProblemResponse(error: ApiError, requestId: string): Response {
  const { status, title } = PROBLEMS[error.code];
  const { errors, headers } = error.options;
  const problem: Problem = {
    type: `${DOCUMENT}#${error.code}`,
    title,
    status,
    code: error.code,
    detail: error.message,
    requestId,
    ...(errors ? { errors } : {}),
  };
  return new Response(JSON.stringify(problem), {
    status,
    headers: { ...headers, 'content-type': 'application/problem+json' },
  });
}
