import type { JsonObject } from '../../db/schema.ts';
import { createPropsValidator, type PropsValidator } from '../../lib/engine/props-schema.ts';
import { DEFAULT_RENDER_LIMITS } from '../../lib/engine/sandbox/render-limits.ts';
import { ApiError, type ProblemDetail } from '../problems/problem.ts';

/** The engine's own limit: larger props would be refused after the 202. */
const { maxPropsBytes: MAX_PROPS_BYTES } = DEFAULT_RENDER_LIMITS;

/** What is needed of a template's version to check props for it. */
export type CheckedVersion = { contentHash: string; schema: JsonObject | null };

export type PropsChecker = {
  /**
   * Checks props against a template's stored schema, null where it has none, and returns their text as it will be rendered.
   *
   * @throws ApiError `invalid_props` with a path for each
   */
  toText(props: Record<string, unknown>, version: CheckedVersion): string;
};

const MAX_VALIDATORS = 500;

/** Keeps the validators of the schemas used last: making one costs as much as hundreds of checks. */
export function createPropsChecker(): PropsChecker {
  const validators = new Map<string, PropsValidator>();
  const validatorOf = (contentHash: string, schema: JsonObject): PropsValidator => {
    const validator = validators.get(contentHash) ?? createPropsValidator(schema);
    // A Map iterates in order of insertion: inserting again makes it the youngest.
    validators.delete(contentHash);
    validators.set(contentHash, validator);
    const [oldest] = validators.size > MAX_VALIDATORS ? validators.keys() : [];
    if (oldest !== undefined) validators.delete(oldest);
    return validator;
  };
  return {
    toText: (props, { contentHash, schema }) =>
      checkProps(props, schema === null ? null : validatorOf(contentHash, schema)),
  };
}

function checkProps(props: Record<string, unknown>, validator: PropsValidator | null): string {
  const text = JSON.stringify(props);
  if (Buffer.byteLength(text) > MAX_PROPS_BYTES)
    throw invalidProps([{ path: '/props', message: `may have ${MAX_PROPS_BYTES} bytes at most` }]);
  if (validator === null) return text;
  if (!validator.ok) throw new Error(`a stored schema is not usable: ${validator.message}`);
  const errors = validator.validate(props);
  if (errors.length > 0)
    throw invalidProps(errors.map(({ path, message }) => ({ path: `/props${path}`, message })));
  return text;
}

function invalidProps(errors: ProblemDetail[]): ApiError {
  return new ApiError('invalid_props', "The props do not fit the template's schema.", { errors });
}
