import { isJsonObject, type JsonObject, type JsonValue } from './json-object.ts';

const MAX_DEPTH = 16;

/**
 * Describes props as JSON Schema from one example of them, for documentation only: an example cannot tell what is
 * optional, so that nothing may be refused by it.
 */
export function deriveSchema(props: JsonObject): JsonObject {
  return describeObject(props, 0);
}

function describe(value: JsonValue, depth: number): JsonObject {
  if (depth > MAX_DEPTH) return {};
  if (Array.isArray(value)) {
    // the first item stands for all
    const [first] = value;
    return first === undefined ? { type: 'array' } : { type: 'array', items: describe(first, depth + 1) };
  }
  if (isJsonObject(value)) return describeObject(value, depth);
  if (value === null) return { type: 'null' };
  return { type: typeof value, examples: [value] };
}

function describeObject(value: JsonObject, depth: number): JsonObject {
  const entries = Object.entries(value).map(([name, member]): [string, JsonObject] => [
    name,
    describe(member, depth + 1),
  ]);
  return { type: 'object', properties: Object.fromEntries(entries) };
}
