import type { PropTypes } from './prop-types.ts';

/**
 * A template as far as its types matter: `schema` is the JSON Schema of its props, or null where it has none. Then `props` may say what its
 * source says, and `given` what the service gives besides.
 */
export type TypedTemplate = {
  name: string;
  schema: Readonly<Record<string, unknown>> | null;
  props?: PropTypes | null;
  given?: readonly string[];
};

type Schema = Readonly<Record<string, unknown>>;
/** Where in a schema the writing is: `root` resolves references, `following` are those that it came through. */
type Place = { root: Schema; following: readonly string[]; indent: string };

const HEAD = `// Written by \`mailctl template types\`; what is changed here is lost.
// With it, \`send\` of @org/mail-sdk completes the names of templates and checks their props.
`;
/** Deeper than any props that a person writes. */
const MAX_DEPTH = 32;

/**
 * Writes the declaration that makes `send` know these templates: TypeScript text for a `.d.ts` file, the same for the same templates in
 * any order. Schemas come from others: whatever they hold ends up as text or as a comment, never as code.
 */
export function toTemplateTypes(templates: readonly TypedTemplate[]): string {
  const sorted = [...templates].sort((a, b) => (a.name < b.name ? -1 : 1));
  const members = sorted.map(
    (one) => `${toComment(one.schema ?? {}, '    ')}    ${JSON.stringify(one.name)}: ${toPropsType(one)};\n`,
  );
  const map = `declare module '@org/mail-sdk' {\n  interface Templates {\n${members.join('')}  }\n}\n`;
  return `${HEAD}${toWritten(sorted)}${map}\nexport {};\n`;
}

function toPropsType({ name, schema, props, given = [] }: TypedTemplate): string {
  if (schema !== null) return toType(schema, { root: schema, following: [], indent: '    ' });
  if (!props) return ANY_OBJECT;
  const type = `${toNamespace(name)}.${props.name}`;
  const names = given.filter((one) => props.keys.has(one)).map((one) => JSON.stringify(one));
  return names.length === 0 ? type : `${GIVEN}<${type}, ${names.join(' | ')}>`;
}

/** Types as a template has them, each template's in a namespace, so that those of two may have one name. */
function toWritten(templates: readonly TypedTemplate[]): string {
  const namespaces = templates.flatMap(({ name, schema, props }) =>
    schema === null && props
      ? [`declare namespace ${toNamespace(name)} {\n${props.declarations.join('\n')}\n}\n`]
      : [],
  );
  const text = namespaces.join('');
  return templates.some((one) => toPropsType(one).startsWith(GIVEN)) ? `${GIVEN_TYPE}${text}` : text;
}

/** No two names of templates make one of these, and nothing of the SDK is called so. */
function toNamespace(name: string): string {
  const rest = name.replaceAll(/[^A-Za-z0-9-]/g, (one) => `$${one.codePointAt(0)}$`);
  return `TypesOf_${rest.replaceAll('-', '_')}`;
}

const GIVEN = 'MayBeLeftOut';
/** Each of a union by itself, which `Omit` alone would make one. */
const GIVEN_TYPE = `type ${GIVEN}<T, Names extends string> = T extends unknown
  ? Omit<T, Names> & Partial<Pick<T, Names & keyof T>>
  : never;
`;

const ANY_OBJECT = 'Record<string, unknown>';

/** The type of what fits a schema, as wide as need be where the schema says more than a type can. */
export function toType(schema: unknown, place: Place): string {
  if (schema === false) return 'never';
  if (!isSchema(schema) || place.indent.length > MAX_DEPTH * 2) return 'unknown';
  const { $ref, enum: values, anyOf, oneOf, allOf, type } = schema;
  if (typeof $ref === 'string') return toReferenced($ref, place);
  if ('const' in schema) return toLiteral(schema['const']);
  if (Array.isArray(values)) return toUnion(values.map(toLiteral));
  const choices = Array.isArray(anyOf) ? anyOf : oneOf;
  if (Array.isArray(choices)) return toUnion(choices.map((choice) => toType(choice, place)));
  if (Array.isArray(allOf)) return toIntersection(schema, allOf, place);
  if (Array.isArray(type)) return toUnion(type.map((one) => toType({ ...schema, type: one }, place)));
  return toPlainType(schema, place);
}

function toPlainType(schema: Schema, place: Place): string {
  switch (schema['type'] ?? ('properties' in schema ? 'object' : undefined)) {
    case 'string':
    case 'boolean':
    case 'null':
      return String(schema['type']);
    case 'number':
    case 'integer':
      return 'number';
    case 'array':
      return toArray(schema, place);
    case 'object':
      return toObject(schema, place);
    default:
      return 'unknown';
  }
}

/** JSON Pointers into the schema itself only; one that leads back to where it came from has no end, and is left open. */
function toReferenced(reference: string, place: Place): string {
  if (!reference.startsWith('#') || place.following.includes(reference)) return 'unknown';
  let target: unknown = place.root;
  for (const part of reference.slice(1).split('/').slice(1)) {
    const name = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
    target = isSchema(target) && Object.hasOwn(target, name) ? target[name] : undefined;
  }
  return toType(target, { ...place, following: [...place.following, reference] });
}

function toIntersection(schema: Schema, all: readonly unknown[], place: Place): string {
  const { allOf: _, ...own } = schema;
  const types = [...all.map((one) => toType(one, place)), toPlainType(own, place)].filter(
    (one) => one !== 'unknown',
  );
  return types.length === 0 ? 'unknown' : [...new Set(types)].map(group).join(' & ');
}

function toArray({ items, prefixItems }: Schema, place: Place): string {
  const tuple = Array.isArray(prefixItems) ? prefixItems : items;
  if (Array.isArray(tuple)) return `[${tuple.map((item) => toType(item, place)).join(', ')}]`;
  return `${group(toType(items, place))}[]`;
}

function toObject(schema: Schema, place: Place): string {
  const properties = isSchema(schema['properties']) ? Object.entries(schema['properties']) : [];
  const { additionalProperties, required } = schema;
  if (properties.length === 0) return toMap(schema, place);
  const isRequired = (name: string) => Array.isArray(required) && required.includes(name);
  const indent = `${place.indent}  `;
  const lines = properties.map(([name, property]) => {
    const mark = isRequired(name) ? '' : '?';
    const type = toType(property, { ...place, indent });
    return `${toComment(property, indent)}${indent}${toKey(name)}${mark}: ${type};\n`;
  });
  const object = `{\n${lines.join('')}${place.indent}}`;
  // What else there may be has to fit the named ones too, which an index of its own type would refuse.
  return isSchema(additionalProperties) ? `${object} & Record<string, unknown>` : object;
}

function toMap({ additionalProperties, patternProperties }: Schema, place: Place): string {
  if (additionalProperties === false && !isSchema(patternProperties)) return 'Record<string, never>';
  const [pattern] = isSchema(patternProperties) ? Object.values(patternProperties) : [];
  const values = isSchema(additionalProperties) ? additionalProperties : pattern;
  return values === undefined ? ANY_OBJECT : `Record<string, ${toType(values, place)}>`;
}

function toLiteral(value: unknown): string {
  // Objects and arrays as constants are rare enough to be left to the service.
  return typeof value === 'object' && value !== null ? 'unknown' : (JSON.stringify(value) ?? 'unknown');
}

function toUnion(types: readonly string[]): string {
  const distinct = [...new Set(types)];
  if (distinct.length === 0) return 'never';
  return distinct.includes('unknown') ? 'unknown' : distinct.map(group).join(' | ');
}

/** `(A | B)[]`, and not `A | B[]`; what is one thing stays as it is. */
function group(type: string): string {
  return / [|&] /.test(type) && !/^[{[][^]*[}\]]$/.test(type) ? `(${type})` : type;
}

function toKey(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

function toComment(schema: unknown, indent: string): string {
  const text = isSchema(schema) && typeof schema['description'] === 'string' ? schema['description'] : '';
  // Nothing in it may end the comment.
  const line = text.replaceAll('*/', '*\\/').replaceAll(/\s+/g, ' ').trim();
  return line === '' ? '' : `${indent}/** ${line} */\n`;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
