import type { OpenApiDocument, OperationObject } from '../../src/api/openapi/document.ts';
import type { Operation } from '../../src/api/openapi/operation.ts';
import { OPERATIONS } from '../../src/api/openapi/operations.ts';
import type { ApiStage } from './api-stage.ts';
import { assertNoExampleHost, type Prepared, ROUTE_CASES, type RouteCase } from './route-cases.ts';

/** A route with all that is said of it. */
export type KnownRoute = { key: string; operation: Operation; routeCase: RouteCase };

/** Everything that is known of a route; the sentence of the error says what a new one lacks. */
export function knownRoute(key: string): KnownRoute {
  const operation = OPERATIONS[key];
  const routeCase = ROUTE_CASES[key];
  if (!operation)
    throw new Error(
      `"${key}" is not described: add it to the operations in server/src/api/openapi/operations/, with its answers, codes, access and an example`,
    );
  if (!operation.example)
    throw new Error(
      `"${key}" has no example: give its operation in server/src/api/openapi/operations/ one that works`,
    );
  if (!routeCase)
    throw new Error(
      `"${key}" is not tested against strangers: add it to ROUTE_CASES in server/test/support/route-cases.ts, with what its example needs and what others get`,
    );
  return { key, operation, routeCase };
}

export type RouteAnswer = { status: number; contentType: string; text: string; json: unknown };

/** The request of a route's example, with what was prepared for it; `send` may be repeated with other keys. */
export type PreparedRequest = {
  path: string;
  send(key: string | null): Promise<RouteAnswer>;
  clean(): Promise<void>;
};

export async function prepareRequest(stage: ApiStage, route: KnownRoute): Promise<PreparedRequest> {
  const { key, operation, routeCase } = route;
  const prepared: Prepared = (await routeCase.prepare?.(stage)) ?? {};
  const [method = '', pattern = ''] = key.split(' ');
  const path = toPath(pattern, operation, prepared);
  const body = prepared.body ?? operation.example?.body;
  assertNoExampleHost(body);
  const headers: Record<string, string> = {
    ...(body === undefined ? {} : { 'content-type': operation.bodyType ?? 'application/json' }),
    ...operation.example?.headers,
    ...prepared.headers,
  };
  return {
    path,
    send: (apiKey) =>
      send(`${stage.system.url}${path}`, {
        method,
        headers: { ...headers, ...(apiKey === null ? {} : { 'x-api-key': apiKey }) },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    clean: async () => void (await prepared.clean?.()),
  };
}

function toPath(pattern: string, { example }: Operation, { params, query }: Prepared): string {
  const values = { ...example?.params, ...params };
  const path = pattern.replaceAll(/:([A-Za-z]+)/g, (_, name: string) =>
    encodeURIComponent(values[name] ?? ''),
  );
  const search = new URLSearchParams({ ...example?.query, ...query }).toString();
  return search === '' ? path : `${path}?${search}`;
}

async function send(url: string, init: RequestInit): Promise<RouteAnswer> {
  const response = await fetch(url, { ...init, redirect: 'manual' });
  const contentType = response.headers.get('content-type') ?? '';
  const isStream = contentType === 'text/event-stream';
  if (isStream) await response.body?.cancel();
  const text = isStream ? '' : await response.text();
  const json: unknown = contentType.includes('json') && text !== '' ? JSON.parse(text) : null;
  return { status: response.status, contentType, text, json };
}

/** The key that the owner calls a route with; null where it needs none. */
export function ownerKey(
  { owner, system }: ApiStage,
  { operation: { access }, routeCase }: KnownRoute,
): string | null {
  if (access.caller === 'nobody') return null;
  const isForAdmins =
    access.scopes.length > 0 && access.scopes.every((group) => group.length === 1 && group[0] === 'admin');
  if (isForAdmins) return system.keys.admin;
  return routeCase.ownerMode === 'test' ? owner.test : owner.live;
}

/** The document of a running service. */
export async function fetchDocument(url: string): Promise<OpenApiDocument> {
  const response = await fetch(`${url}/openapi.json`);
  const document: OpenApiDocument = await response.json();
  return document;
}

/** A route's operation in the document. */
export function findOperation(document: OpenApiDocument, key: string): OperationObject {
  const [method = '', path = ''] = key.split(' ');
  const found = document.paths[path.replaceAll(/:([A-Za-z]+)/g, '{$1}')]?.[method.toLowerCase()];
  if (!found) throw new Error(`the document lacks "${key}"`);
  return found;
}
