const STATUSES = {
  invalid_request: 400,
  host_not_allowed: 403,
  origin_not_allowed: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  too_large: 413,
  internal_error: 500,
  unavailable: 503,
} as const;

export type RefusalCode = keyof typeof STATUSES;

/** A refusal as the pages read it, in the form of the API's own. */
export function refusal(code: RefusalCode, detail: string): Response {
  const status = STATUSES[code];
  return Response.json(
    { code, detail, status },
    { status, headers: { 'content-type': 'application/problem+json' } },
  );
}
