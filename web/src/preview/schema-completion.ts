import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { syntaxTree } from '@codemirror/language';
import type { SyntaxNode } from '@lezer/common';
import { type JsonPath, nameOf, pathTo } from './json-path.ts';

type Schema = Record<string, unknown>;

/** What the schema offers at the cursor: names that an object does not have yet, or values. */
export function completeFrom(context: CompletionContext, schema: Schema | null): CompletionResult | null {
  if (schema === null) return null;
  const node = syntaxTree(context.state).resolveInner(context.pos, -1);
  const word = context.matchBefore(/"[^"\n]*|[\w.-]+/);
  if (!word && !context.explicit) return null;
  const from = word?.from ?? context.pos;
  const options = isValuePlace(node)
    ? toValues(schemaAt(schema, pathTo(context.state.doc, node)))
    : toNames(context, node, schema);
  return options.length === 0 ? null : { from, options, validFor: /^"?[\w.-]*$/ };
}

function isValuePlace(node: SyntaxNode): boolean {
  if (node.name === 'PropertyName' || node.name === 'Object') return false;
  return node.name === 'Property' || node.parent?.name === 'Property' || node.name === 'Array';
}

function toNames({ state }: CompletionContext, node: SyntaxNode, schema: Schema): Completion[] {
  const object = enclosingObject(node);
  if (!object) return [];
  const has = new Set(object.getChildren('Property').map((property) => nameOf(state.doc, property)));
  const here = schemaAt(schema, pathTo(state.doc, object));
  const required = Array.isArray(here?.['required']) ? here['required'] : [];
  return Object.entries(recordOf(here?.['properties'])).flatMap(([name, value]): Completion[] => {
    if (has.has(name)) return [];
    const type = typeOf(recordOf(value));
    const label = JSON.stringify(name);
    const isRequired = required.includes(name);
    return [
      {
        label,
        apply: `${label}: ${emptyOf(recordOf(value))}`,
        detail: isRequired ? `${type}, required` : type,
        type: 'property',
        boost: isRequired ? 1 : 0,
      },
    ];
  });
}

function enclosingObject(node: SyntaxNode): SyntaxNode | null {
  for (let outer: SyntaxNode | null = node; outer; outer = outer.parent) {
    if (outer.name === 'Object') return outer;
  }
  return null;
}

function toValues(schema: Schema | null): Completion[] {
  if (!schema) return [];
  const { enum: listed, const: only, default: preset, examples } = schema;
  const values: unknown[] = [
    ...(Array.isArray(listed) ? listed : []),
    ...(only === undefined ? [] : [only]),
    ...alternatives(schema).flatMap(({ const: one }) => (one === undefined ? [] : [one])),
    ...(preset === undefined ? [] : [preset]),
    ...(Array.isArray(examples) ? examples : []),
    ...(schema['type'] === 'boolean' ? [true, false] : []),
  ];
  return [...new Set(values.map((value) => JSON.stringify(value)))].map((label) => ({
    label,
    type: 'constant',
  }));
}

/** The schema of what is at a path; references stay inside of the schema. */
function schemaAt(schema: Schema, path: JsonPath): Schema | null {
  let here: Schema | null = schema;
  for (const step of path) {
    if (here === null) return null;
    here = stepInto(resolve(here, schema), step, schema);
  }
  return here === null ? null : resolve(here, schema);
}

function stepInto(here: Schema, step: string | number, root: Schema): Schema | null {
  const inner = typeof step === 'number' ? here['items'] : recordOf(here['properties'])[step];
  if (isRecord(inner)) return inner;
  for (const alternative of alternatives(here)) {
    const found = stepInto(resolve(alternative, root), step, root);
    if (found) return found;
  }
  return null;
}

function resolve(schema: Schema, root: Schema): Schema {
  const reference = schema['$ref'];
  if (typeof reference !== 'string' || !reference.startsWith('#/')) return schema;
  let found: unknown = root;
  for (const step of reference.slice(2).split('/')) found = recordOf(found)[step];
  return isRecord(found) ? found : schema;
}

function alternatives(schema: Schema): Schema[] {
  return ['anyOf', 'oneOf', 'allOf'].flatMap((key) => {
    const list = schema[key];
    return Array.isArray(list) ? list.filter(isRecord) : [];
  });
}

const EMPTY: Readonly<Record<string, string>> = {
  string: '""',
  number: '0',
  integer: '0',
  boolean: 'false',
  array: '[]',
  object: '{}',
};

function emptyOf(schema: Schema): string {
  const [first] = toValues(schema);
  return first?.label ?? EMPTY[typeOf(schema)] ?? 'null';
}

function typeOf(schema: Schema): string {
  const { type } = schema;
  if (typeof type === 'string') return type;
  return Array.isArray(type) ? type.join(' | ') : alternatives(schema).map(typeOf).join(' | ');
}

function recordOf(value: unknown): Schema {
  return isRecord(value) ? value : {};
}

function isRecord(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
