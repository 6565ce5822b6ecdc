import { NotFoundError, ParseError, ValidationError } from 'elysia';
import { isConnectionError } from '../../lib/db/connection-error.ts';
import { ApiError } from './problem.ts';
import { toInvalidRequest } from './validation-problem.ts';

/** Long enough for a database that restarts, in seconds. */
const RETRY_AFTER_S = '2';

/** Never the error's own text, unless it was written for the caller: others may quote the request or the database. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof ValidationError) return toInvalidRequest(shapeErrorsOf(error));
  if (error instanceof NotFoundError)
    return new ApiError('not_found', 'There is no such route; see docs/api.md.');
  // What our own body reader throws arrives wrapped.
  if (error instanceof ParseError) return toApiError(error.cause);
  if (isConnectionError(error)) {
    return new ApiError(
      'service_unavailable',
      'The database cannot be reached; nothing was stored. Try again.',
      {
        headers: { 'retry-after': RETRY_AFTER_S },
      },
    );
  }
  return new ApiError('internal_error', 'The cause is in our log under this request id.');
}

function shapeErrorsOf(error: ValidationError) {
  return error.all.flatMap((problem) => ('path' in problem ? [problem] : []));
}
