import { afterAll, beforeAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import type { OpenApiDocument } from '../src/api/openapi/document.ts';
import { isObject } from '../src/api/openapi/public-schema.ts';
import { chooseWalk, type MessageFilter, WALK_INDEXES } from '../src/lib/db/message-filters.ts';
import { fetchDocument, findOperation } from './support/route-caller.ts';
import { startSystem, type TestSystem } from './support/system.ts';

const PAGE = await Bun.file(join(import.meta.dir, '..', '..', 'docs', 'lists.md')).text();

/** The rows of the table whose first heading begins so, each as its cells. */
function tableOf(heading: string): string[][] {
  const lines = PAGE.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${heading}`));
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'));
  return lines.slice(start + 2, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const quoted = (text = '') => [...text.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);

let system: TestSystem;
let document: OpenApiDocument;

beforeAll(async () => {
  system = await startSystem('embedded');
  document = await fetchDocument(system.url);
}, 60_000);
afterAll(() => system.stop());

const parametersOf = (key: string) =>
  findOperation(document, key)
    .parameters.filter((parameter) => parameter.in === 'query')
    .map(({ name }) => (name === 'tags' ? 'tag.<name>' : name));

/** What answers with pages, as the page writes it. */
function listRoutes(): string[] {
  return Object.entries(document.paths).flatMap(([path, { get }]) => {
    const schema = get?.responses[200]?.content?.['application/json']?.schema;
    const isList = isObject(schema) && isObject(schema['properties']) && 'nextCursor' in schema['properties'];
    return isList ? `GET ${path.replaceAll(/\{(\w+)\}/g, ':$1')}` : [];
  });
}

test('each list is on the page, with the filters that it has', () => {
  const rows = tableOf('route').map(([route = '', filters = '']) => [
    quoted(route)[0],
    quoted(filters).toSorted(),
  ]);
  const expected = listRoutes().map((key) => [
    key,
    parametersOf(key)
      .filter((name) => name !== 'limit' && name !== 'cursor')
      .toSorted(),
  ]);
  expect(expected.length).toBeGreaterThan(10);
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(expected));
});

test('the parameters of the statistics are on the page', () => {
  const names = tableOf('parameter').map(([name = '']) => quoted(name)[0]);
  expect(names.toSorted()).toEqual(parametersOf('GET /v1/stats').toSorted());
});

test('the stream takes what the page says', () => {
  const ofList = parametersOf('GET /v1/messages').filter(
    (name) => !['limit', 'cursor', 'until'].includes(name),
  );
  expect(parametersOf('GET /v1/messages/stream').toSorted()).toEqual(ofList.toSorted());
});

test('a combination of filters follows the index that the page names', () => {
  const given: Record<string, MessageFilter> = {
    traceId: { traceId: '0'.repeat(32) },
    recipient: { recipient: 'ada@example.net' },
    'tag.<name>': { tags: [['kind', 'x']] },
    'status, but sent and delivered': { status: 'failed' },
    template: { template: 'welcome' },
    status: { status: 'delivered' },
    provider: { provider: 'smtp' },
    nothing: {},
  };
  const rows = tableOf('asked for').map(
    ([what = '', index = '']) => [what.replaceAll('`', ''), quoted(index)[0]] as const,
  );
  expect(rows.map(([what]) => what)).toEqual(Object.keys(given));
  // The first that applies: each row holds whatever of those below it is asked for as well.
  rows.forEach(([what, index], position) => {
    const below = rows.slice(position + 1).map(([name]) => given[name]);
    const filter: MessageFilter = Object.assign({}, ...below, given[what]);
    expect([what, WALK_INDEXES[chooseWalk(filter)]]).toEqual([what, index ?? '']);
  });
});

test('there is every index that the page names', async () => {
  const rows = await system.database.query<{ name: string }>('select indexname as name from pg_indexes', []);
  const known = new Set(rows.map(({ name }) => name));
  const named = tableOf('route').flatMap(([, , follows]) =>
    quoted(follows).filter((name) => name.includes('_')),
  );
  expect(named.length).toBeGreaterThan(8);
  expect(named.filter((name) => !known.has(name))).toEqual([]);
});
