import { ApiError } from './problem.ts';

type ShapeError = { path: string; message: string; schema?: { description?: unknown } };

/** What a schema found wrong, as a problem that names each place once. */
export function toInvalidRequest(found: Iterable<ShapeError>): ApiError {
  const errors = new Map<string, string>();
  for (const { path, message, schema } of found) {
    // A schema's description says what is expected in plain words; the checker's message is for its authors.
    if (!errors.has(path))
      errors.set(path, typeof schema?.description === 'string' ? schema.description : message);
  }
  return new ApiError('invalid_request', 'The request does not have the right shape.', {
    errors: [...errors].map(([path, message]) => ({ path, message })),
  });
}
