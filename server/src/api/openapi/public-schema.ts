/** A JSON Schema (2020-12, as OpenAPI 3.1 has it) in the document. */
export type PublicSchema = { [keyword: string]: unknown };

/** The schemas that are referred to by name. */
export type Components = Map<string, PublicSchema>;

const ANY_KEY = '^(.*)$';

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A schema as readers want it: choices as one `enum`, maps by `additionalProperties`, and what has an `$id` as a reference. */
export function toPublicSchema(schema: unknown, components: Components): PublicSchema {
  if (!isObject(schema)) return {};
  const { $id, ...rest } = schema;
  const converted = convert(rest, components);
  if (typeof $id !== 'string') return converted;
  components.set($id, converted);
  return { $ref: `#/components/schemas/${$id}` };
}

function convert(schema: Record<string, unknown>, components: Components): PublicSchema {
  const converted: PublicSchema = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === 'properties' && isObject(value)) {
      converted[keyword] = mapValues(value, (child) => toPublicSchema(child, components));
    } else if (keyword === 'patternProperties' && isObject(value)) {
      converted['additionalProperties'] = toPublicSchema(value[ANY_KEY], components);
    } else if (keyword === 'anyOf' && Array.isArray(value)) {
      Object.assign(converted, toChoice(value, components));
    } else if (keyword === 'items') converted[keyword] = toPublicSchema(value, components);
    else if (keyword === 'additionalProperties' && isObject(value))
      converted[keyword] = toPublicSchema(value, components);
    else converted[keyword] = value;
  }
  return converted;
}

function mapValues(object: Record<string, unknown>, to: (value: unknown) => PublicSchema): PublicSchema {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, to(value)]));
}

/** The framework's way to take numbers from a query; in JSON they are numbers. */
const FROM_TEXT: readonly unknown[] = ['integer', 'numeric', 'boolean'];

function isFromText(schema: unknown): boolean {
  return isObject(schema) && schema['type'] === 'string' && FROM_TEXT.includes(schema['format']);
}

function toChoice(all: readonly unknown[], components: Components): PublicSchema {
  const alternatives = all.filter((one) => !isFromText(one));
  const values = alternatives.map((one) => (isObject(one) ? one['const'] : undefined));
  if (values.every((value) => typeof value === 'string')) return { type: 'string', enum: values };
  const [first, ...others] = alternatives;
  if (others.length === 0) return toPublicSchema(first, components);
  return { anyOf: alternatives.map((one) => toPublicSchema(one, components)) };
}
