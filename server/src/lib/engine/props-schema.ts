import type { JsonObject } from './json-object.ts';
import { compileSchema, rootPlace } from './schema-checks.ts';

/** One thing that is wrong with props: a JSON Pointer to it (empty for the whole) and what a person should know. */
export type PropsIssue = { path: string; message: string };

export type PropsValidator =
  /** `validate` answers an empty list for props that fit. It never throws and never runs the schema's code. */
  { ok: true; validate(props: unknown): PropsIssue[] } | { ok: false; message: string };

const MAX_SCHEMA_BYTES = 256 * 1024;
const MAX_ISSUES = 20;
/** Data nests at most this deep, and so do references that consume no data. */
const MAX_DEPTH = 200;
/** Each check costs one, each pattern its program's size times the text's length: some 50 ms at the very worst. */
const STEP_BUDGET = 3_000_000;

/**
 * Makes a validator of the JSON Schema that a template exported (what TypeBox writes, and the common part of drafts
 * 7 to 2020-12). A schema belongs to a client and may be hostile: nothing is generated from it, its patterns run in
 * linear time, its references stay inside it, and its size, depth and cost are bounded.
 */
export function createPropsValidator(schema: JsonObject): PropsValidator {
  if (Buffer.byteLength(JSON.stringify(schema)) > MAX_SCHEMA_BYTES) {
    return { ok: false, message: `The schema has more than ${MAX_SCHEMA_BYTES} bytes` };
  }
  const compiled = compileSchema(schema);
  if (!compiled.ok) return compiled;
  return {
    ok: true,
    validate(props) {
      const issues: PropsIssue[] = [];
      const run = { stepsLeft: STEP_BUDGET, maxDepth: MAX_DEPTH, depth: 0 };
      compiled.check(props, rootPlace(issues, run));
      if (run.stepsLeft <= 0) return [{ path: '', message: 'is too complex for its schema to be checked' }];
      return issues.slice(0, MAX_ISSUES);
    },
  };
}
