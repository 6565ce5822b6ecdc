import { PROBLEMS } from '../problems/problem.ts';
import {
  type DescribedOperation,
  describeOperations,
  type DocumentedRoute,
  type Parameter,
  toAccessSentence,
} from './described-operation.ts';
import { escapeHtml, toInlineHtml, toPage } from './html.ts';
import { type Operations, TAGS } from './operation.ts';
import { type Components, isObject, toPublicSchema } from './public-schema.ts';

/** The document as a page to read: made here, so that it needs no scripts and no other server. */
export function toReferencePage(routes: readonly DocumentedRoute[], operations: Operations): string {
  const components: Components = new Map();
  const all = describeOperations(routes, operations, components);
  const byTag = Object.entries(TAGS).map(([tag, description]) => {
    const own = all.filter(({ operation }) => operation.tag === tag);
    return { tag, description, own };
  });
  const nav = byTag.map(({ tag, own }) => `<b>${tag}</b><ul>${own.map(toLink).join('')}</ul>`);
  const main = byTag.map(
    ({ tag, description, own }) =>
      `<h1>${tag}</h1><p>${toInlineHtml(description)}</p>${own.map((one) => toSection(one, components)).join('')}`,
  );
  return toPage({
    title: 'API reference',
    nav: `<ul><li><a href="/docs/errors">Errors</a></li><li><a href="/openapi.json">openapi.json</a></li></ul>${nav.join('')}`,
    main: `${HEAD}${main.join('')}`,
  });
}

const HEAD = `<h1>API reference</h1>
<p>Send the key as <code>X-Api-Key</code> or <code>Authorization: Bearer</code>. JSON in and out; times are ISO 8601 in UTC. Lists come in pages, newest first: repeat with <code>cursor</code> until <code>nextCursor</code> is null. Every answer carries <code>X-Request-Id</code>; errors are explained <a href="/docs/errors">one by one</a>.</p>`;

function toLink({ id, method, operation }: DescribedOperation): string {
  return `<li><a href="#${id}"><span class="method ${method}">${method}</span>${escapeHtml(operation.summary)}</a></li>`;
}

function toSection(described: DescribedOperation, components: Components): string {
  const { id, method, path, operation, parameters, body } = described;
  const text = [operation.description, toAccessSentence(operation)].filter((part) => part !== undefined);
  return [
    `<section id="${id}"><h2>${escapeHtml(operation.summary)}</h2>`,
    `<p><span class="method ${method}">${method}</span><code>${escapeHtml(path)}</code></p>`,
    ...text.map((part) => `<p>${toInlineHtml(part)}</p>`),
    parameters.length > 0 ? `<h3>Parameters</h3>${toTable(parameters.map(toParameterRow))}` : '',
    body ? `<h3>Body</h3>${toFields(body.schema, components)}${toExample(body.example)}` : '',
    `<h3>Answers</h3>${toAnswers(described, components)}</section>`,
  ].join('\n');
}

type Row = { name: string; type: string; text: string };

function toTable(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ name, type, text }) =>
      `<tr><td><code>${escapeHtml(name)}</code></td><td><small>${escapeHtml(type)}</small></td><td>${toInlineHtml(text)}</td></tr>`,
  );
  return `<table>${lines.join('')}</table>`;
}

function toParameterRow({ name, in: place, required, schema, description }: Parameter): Row {
  return { name, type: `${place}, ${toTypeName(schema)}${required ? '' : ', optional'}`, text: description };
}

function toFields(schema: unknown, components: Components): string {
  const rows = listFields(schema, components, '');
  return rows.length === 0 ? '' : toTable(rows);
}

/** Flat, with paths such as `data[].id`: easier to search in a page than what unfolds. */
function listFields(schema: unknown, components: Components, prefix: string): Row[] {
  const found = resolve(schema, components);
  if (Array.isArray(found['anyOf']))
    return found['anyOf'].flatMap((one) => listFields(one, components, prefix));
  if (found['type'] === 'array') return listFields(found['items'], components, `${prefix}[]`);
  if (!isObject(found['properties'])) return [];
  const required: unknown[] = Array.isArray(found['required']) ? found['required'] : [];
  return Object.entries(found['properties']).flatMap(([key, child]) => {
    const name = prefix === '' ? key : `${prefix}.${key}`;
    const own = resolve(child, components);
    const text = typeof own['description'] === 'string' ? own['description'] : '';
    const type = `${toTypeName(own)}${required.includes(key) ? '' : ', optional'}`;
    const row = { name, type, text };
    return [row].concat(listFields(own, components, name));
  });
}

function resolve(schema: unknown, components: Components): Record<string, unknown> {
  if (!isObject(schema)) return {};
  const { $ref } = schema;
  if (typeof $ref !== 'string') return schema;
  return components.get($ref.slice($ref.lastIndexOf('/') + 1)) ?? {};
}

function toTypeName(schema: Record<string, unknown>): string {
  if (Array.isArray(schema['enum'])) return schema['enum'].join(' | ');
  if (Array.isArray(schema['anyOf'])) {
    return schema['anyOf'].map((one) => (isObject(one) ? toTypeName(one) : '')).join(' or ');
  }
  if (typeof schema['$ref'] === 'string') return schema['$ref'].slice(schema['$ref'].lastIndexOf('/') + 1);
  return typeof schema['type'] === 'string' ? schema['type'] : 'any';
}

function toExample(example: unknown): string {
  if (example === undefined) return '';
  const text = typeof example === 'string' ? example : JSON.stringify(example, null, 2);
  return `<pre>${escapeHtml(text)}</pre>`;
}

function toAnswers({ operation, codes }: DescribedOperation, components: Components): string {
  const good = Object.entries(operation.answers).map(([status, answer]) => {
    const fields = answer.schema ? toFields(toPublicSchema(answer.schema, components), components) : '';
    const type = answer.contentType ? ` <small>${escapeHtml(answer.contentType)}</small>` : '';
    return `<details><summary><b>${status}</b> ${toInlineHtml(answer.description)}${type}</summary>${fields}${toExample(answer.example)}</details>`;
  });
  const bad = codes.map((code) => `<a href="/docs/errors#${code}">${PROBLEMS[code].status} ${code}</a>`);
  return `${good.join('')}<p><small>${bad.join(', ')}</small></p>`;
}
