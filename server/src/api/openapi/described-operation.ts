import { listCodes } from './errors-page.ts';
import type { Operation, Operations } from './operation.ts';
import { toOperationKey } from './operations.ts';
import { type Components, isObject, type PublicSchema, toPublicSchema } from './public-schema.ts';
import type { ProblemCode } from '../problems/problem.ts';

/** A route of the app, with the schemas that it checks requests by. */
export type DocumentedRoute = {
  method: string;
  path: string;
  hooks: { body?: unknown; query?: unknown };
};

export type Parameter = {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  description: string;
  schema: PublicSchema;
  example?: string;
  style?: 'form';
  explode?: true;
};

/** All that the document says of one route. */
export type DescribedOperation = {
  id: string;
  method: string;
  /** With parameters as `{id}`. */
  path: string;
  operation: Operation;
  parameters: readonly Parameter[];
  body: { contentType: string; schema: PublicSchema; example?: unknown } | null;
  codes: readonly ProblemCode[];
};

/** A route that nobody has described yet is better in the document than not. */
const UNDESCRIBED: Operation = {
  tag: 'Service',
  summary: 'Not described yet',
  access: { caller: 'nobody' },
  answers: {},
};

/** What is known of each route, in the order of the operations. */
export function describeOperations(
  routes: readonly DocumentedRoute[],
  operations: Operations,
  components: Components,
): DescribedOperation[] {
  const order = Object.keys(operations);
  const place = (route: DocumentedRoute) => {
    const at = order.indexOf(toOperationKey(route));
    return at === -1 ? order.length : at;
  };
  return routes
    .toSorted((one, other) => place(one) - place(other))
    .map((route) => {
      const operation = operations[toOperationKey(route)] ?? UNDESCRIBED;
      return describe(route, operation, components);
    });
}

function describe(
  { method, path, hooks }: DocumentedRoute,
  operation: Operation,
  components: Components,
): DescribedOperation {
  const [, plainPath = path] = toOperationKey({ method, path }).split(' ');
  const body = describeBody(hooks.body, operation, components);
  const parameters = [
    ...pathParameters(plainPath, operation),
    ...queryParameters(hooks.query, operation, components),
    ...headerParameters(operation),
  ];
  return {
    id: toOperationId(method, plainPath),
    method: method.toLowerCase(),
    path: plainPath.replaceAll(/:([A-Za-z]+)/g, '{$1}'),
    operation,
    parameters,
    body,
    codes: codesOf(operation, {
      hasQuery: isObject(hooks.query),
      takesBody: method !== 'GET' && method !== 'DELETE',
    }),
  };
}

function toOperationId(method: string, path: string): string {
  const words = path.split(/[/.]/).filter((part) => part !== '' && part !== 'v1');
  const names = words.map((word) =>
    word
      .replace(/^:/, 'by-')
      .split('-')
      .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
      .join(''),
  );
  return method.toLowerCase() + names.join('');
}

const PATH_PARAMETERS: Readonly<Record<string, string>> = {
  id: 'The id, a UUID',
  keyId: 'The id of the key, a UUID',
  email: 'The address',
  name: 'The name of the template',
  number: 'The number of the version',
  token: 'From the link in the mail',
  provider: 'The name of the provider here, or its kind where there is one of it',
};

function pathParameters(path: string, { example }: Operation): Parameter[] {
  return Array.from(path.matchAll(/:([A-Za-z]+)/g), ([, name = '']): Parameter => ({
    name,
    in: 'path',
    required: true,
    description: PATH_PARAMETERS[name] ?? `The ${name}`,
    schema: { type: 'string' },
    ...exampleOf(example?.params, name),
  }));
}

function exampleOf(examples: Readonly<Record<string, string>> | undefined, name: string) {
  const example = examples?.[name];
  return example === undefined ? {} : { example };
}

/** As numbers, which the route reads as text so as to name the parameter where it is wrong. */
const QUERY_SCHEMAS: Readonly<Record<string, PublicSchema>> = {
  limit: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
};

function queryParameters(query: unknown, { example }: Operation, components: Components): Parameter[] {
  if (!isObject(query) || !isObject(query['properties'])) return [];
  const required: unknown[] = Array.isArray(query['required']) ? query['required'] : [];
  const named = Array.from(Object.entries(query['properties']), ([name, schema]): Parameter => {
    const { description, ...rest } = toPublicSchema(schema, components);
    return {
      name,
      in: 'query',
      required: required.includes(name),
      description: typeof description === 'string' ? description : (QUERY_PARAMETERS[name] ?? `The ${name}`),
      schema: QUERY_SCHEMAS[name] ?? rest,
      ...(name in QUERY_SCHEMAS ? {} : exampleOf(example?.query, name)),
    };
  });
  return isObject(query['additionalProperties']) ? [...named, TAGS_PARAMETER] : named;
}

const QUERY_PARAMETERS: Readonly<Record<string, string>> = {
  cursor: '`nextCursor` of the page before',
  email: 'An address',
};

/** OpenAPI's way to say that there may be parameters of any name. */
const TAGS_PARAMETER: Parameter = {
  name: 'tags',
  in: 'query',
  required: false,
  description: 'Any number of `tag.<name>=<value>`, all of which a message must have',
  schema: { type: 'object', additionalProperties: { type: 'string', maxLength: 2048 } },
  style: 'form',
  explode: true,
};

function headerParameters({ isIdempotent, example }: Operation): Parameter[] {
  if (!isIdempotent) return [];
  return [
    {
      name: 'Idempotency-Key',
      in: 'header',
      required: false,
      description:
        'Repeating the same request with the same key within 24 hours gives the first answer again, with `Idempotent-Replayed: true`',
      schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x20-\\x7E]+$' },
      ...exampleOf(example?.headers, 'idempotency-key'),
    },
  ];
}

function describeBody(
  schema: unknown,
  { body, bodyType, example }: Operation,
  components: Components,
): DescribedOperation['body'] {
  const shown = example?.body === undefined ? {} : { example: example.body };
  if (bodyType !== undefined) return { contentType: bodyType, schema: { type: 'string' }, ...shown };
  if (!isObject(schema)) return null;
  return { contentType: 'application/json', schema: toPublicSchema(body ?? schema, components), ...shown };
}

const ALWAYS: readonly ProblemCode[] = ['host_not_allowed', 'origin_not_allowed', 'internal_error'];
const WITH_KEY: readonly ProblemCode[] = [
  'unauthenticated',
  'too_many_failures',
  'client_suspended',
  'rate_limited',
  'scope_missing',
  'overloaded',
  'service_unavailable',
];
const WITH_BODY: readonly ProblemCode[] = [
  'invalid_json',
  'body_too_large',
  'unsupported_media_type',
  'invalid_request',
];

function codesOf(
  { access, codes = [], isIdempotent }: Operation,
  { hasQuery, takesBody }: { hasQuery: boolean; takesBody: boolean },
): ProblemCode[] {
  const isLive = access.caller === 'client' && access.isLive;
  const all = new Set<ProblemCode>([
    ...ALWAYS,
    ...codes,
    ...(access.caller === 'nobody' ? [] : WITH_KEY),
    ...(access.caller === 'client' ? (['client_key_required'] as const) : []),
    ...(isLive ? (['live_key_required'] as const) : []),
    ...(hasQuery ? (['invalid_request'] as const) : []),
    // Whoever has a key may send a body also where the path says it all; it is read first, and then of no meaning.
    ...(takesBody && access.caller !== 'nobody' ? WITH_BODY : []),
    ...(isIdempotent ? (['idempotency_key_reused', 'idempotency_in_progress'] as const) : []),
    // What looks something up without a key can meet a database that is away, too.
    ...(codes.length > 0 ? (['service_unavailable'] as const) : []),
  ]);
  return listCodes().filter((code) => all.has(code));
}

/** Who may call, in a sentence. */
export function toAccessSentence({ access }: Operation): string {
  if (access.caller === 'nobody') return 'Needs no key.';
  const groups = access.scopes.map((group) => group.map((scope) => `\`${scope}\``).join(' or '));
  const key =
    access.caller === 'client' ? (access.isLive ? "a client's live key" : "a client's key") : 'a key';
  return groups.length === 0 ? `Needs ${key}.` : `Needs ${key} with the scope ${groups.join(' and ')}.`;
}
