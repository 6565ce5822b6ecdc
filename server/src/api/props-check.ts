import type { JsonObject } from '../db/schema.ts';
import { createPropsValidator } from '../lib/engine/props-schema.ts';
import { DEFAULT_RENDER_LIMITS } from '../lib/engine/sandbox/render-limits.ts';
import { ApiError, type ProblemDetail } from './problem.ts';

/** The engine's own limit: larger props would be refused after the 202. */
const { maxPropsBytes: MAX_PROPS_BYTES } = DEFAULT_RENDER_LIMITS;

/**
 * Checks props against a template's stored schema, null where it has none, and returns their text as it will be rendered.
 *
 * @throws ApiError `invalid_props` with a path for each
 */
export function toPropsText(props: Record<string, unknown>, schema: JsonObject | null): string {
  const text = JSON.stringify(props);
  if (Buffer.byteLength(text) > MAX_PROPS_BYTES)
    throw invalidProps([{ path: '/props', message: `may have ${MAX_PROPS_BYTES} bytes at most` }]);
  if (schema === null) return text;
  const validator = createPropsValidator(schema);
  if (!validator.ok) throw new Error(`a stored schema is not usable: ${validator.message}`);
  const errors = validator.validate(props);
  if (errors.length > 0)
    throw invalidProps(errors.map(({ path, message }) => ({ path: `/props${path}`, message })));
  return text;
}

function invalidProps(errors: ProblemDetail[]): ApiError {
  return new ApiError('invalid_props', "The props do not fit the template's schema.", { errors });
}
