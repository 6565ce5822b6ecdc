import type { Api } from './api.ts';
import { MailError } from './mail-error.ts';
import type { CallOptions, CreateOptions } from './options.ts';
import type { Transport } from './transport.ts';

/** What a call does when it is made twice. */
export type CallTraits = {
  /** The same call a second time changes nothing more. Reading, putting and deleting always are such calls. */
  isRepeatable?: boolean;
  /** The route takes an idempotency key, so that the call has one. */
  isCreating?: boolean;
};

/** The API, bound to one call's options. */
export type ApiOf = (options?: CallOptions | CreateOptions, traits?: CallTraits) => Api;

const METHODS: ReadonlySet<string> = new Set(['get', 'post', 'put', 'patch', 'delete']);

/**
 * Gives Eden's types a runtime: `api.v1.messages({ id }).events.get()` is `GET /v1/messages/<id>/events`. Eden's own does not encode
 * parameters, reports a lost connection as a 503 and brings a WebSocket client; see docs/decisions/0090-sdk-transport.md.
 */
export function createApi(transport: Transport): ApiOf {
  return (options = {}, traits = {}) => {
    const call = async (method: string, segments: readonly string[], args: readonly unknown[]) => {
      const [body, parameters] = method === 'get' ? [undefined, args[0]] : args;
      const key = 'idempotencyKey' in options ? options.idempotencyKey : undefined;
      const data = await transport.send({
        method: method.toUpperCase(),
        path: `${toPath(segments)}${toQuery(queryOf(parameters))}`,
        body,
        isRepeatable: method !== 'post' || Boolean(traits.isRepeatable ?? traits.isCreating),
        idempotencyKey: traits.isCreating ? (key ?? crypto.randomUUID()) : undefined,
        options,
      });
      return { data, error: null };
    };
    const at = (segments: readonly string[]): unknown =>
      new Proxy(() => {}, {
        get: (_, name) => {
          const segment = String(name);
          if (METHODS.has(segment)) return (...args: unknown[]) => call(segment, segments, args);
          return at([...segments, segment]);
        },
        apply: (_target, _self, [parameter]: unknown[]) => at([...segments, textOf(parameter)]),
      });
    // What a proxy answers to is known to the types alone.
    return at([]) as Api;
  };
}

function textOf(parameter: unknown): string {
  const [value] = typeof parameter === 'object' && parameter !== null ? Object.values(parameter) : [];
  return String(value);
}

/** @throws MailError `invalid_argument` for what would be another route */
function toPath(segments: readonly string[]): string {
  const encoded = segments.map((segment) => {
    // An empty segment would be the list, and URLs take dots for "here" and "one up", encoded or not.
    if (segment === '' || segment === '.' || segment === '..') {
      throw new MailError({ code: 'invalid_argument', message: `"${segment}" names nothing.` });
    }
    return encodeURIComponent(segment);
  });
  return `/${encoded.join('/')}`;
}

/** `?limit=10&...`; what is undefined is left out. */
export function toQuery(query: unknown): string {
  if (typeof query !== 'object' || query === null) return '';
  const entries = Object.entries(query).flatMap(([name, value]: [string, unknown]) =>
    value === undefined || value === null
      ? []
      : [[name, value instanceof Date ? value.toISOString() : String(value)]],
  );
  const text = new URLSearchParams(entries).toString();
  return text === '' ? '' : `?${text}`;
}

function queryOf(parameters: unknown): unknown {
  return typeof parameters === 'object' && parameters !== null && 'query' in parameters
    ? parameters.query
    : null;
}

/** The answer's content. */
export async function dataOf<T>(call: Promise<{ data: T | null }>): Promise<T> {
  const { data } = await call;
  if (data !== null) return data;
  throw new MailError({ code: 'unexpected_answer', message: 'The answer is empty.', status: 204 });
}

/** For answers without content. */
export async function doneOf(call: Promise<unknown>): Promise<void> {
  await call;
}
