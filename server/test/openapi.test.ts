import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { listCodes, toErrorsMarkdown } from '../src/api/openapi/errors-page.ts';
import type { OpenApiDocument } from '../src/api/openapi/document.ts';
import { OPERATIONS } from '../src/api/openapi/operations.ts';
import { type ApiStage, startApiStage } from './support/api-stage.ts';
import { createDocumentChecker, type DocumentChecker } from './support/document-checker.ts';
import { listRouteKeys } from './support/list-routes.ts';
import {
  fetchDocument,
  findOperation,
  knownRoute,
  ownerKey,
  prepareRequest,
} from './support/route-caller.ts';
import { ROUTE_CASES } from './support/route-cases.ts';

const KEYS = Object.keys(OPERATIONS);

describe('the API about itself', () => {
  let stage: ApiStage;
  let document: OpenApiDocument;
  let check: DocumentChecker;

  beforeAll(async () => {
    stage = await startApiStage('embedded');
    document = await fetchDocument(stage.system.url);
    check = createDocumentChecker(document);
  }, 60_000);
  afterAll(() => stage.stop());

  test('every route is described, and in the document', async () => {
    const routes = await listRouteKeys(stage);
    for (const key of routes) {
      const { operation } = knownRoute(key);
      const { responses, security } = findOperation(document, key);
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(Object.keys(operation.answers)));
      expect(security.length === 0).toBe(operation.access.caller === 'nobody');
    }
    expect(Object.keys(OPERATIONS).filter((key) => !routes.includes(key))).toEqual([]);
    expect(Object.keys(ROUTE_CASES).filter((key) => !routes.includes(key))).toEqual([]);
  });

  test('every code is an answer of some route', () => {
    const named = new Set(
      Object.values(document.paths)
        .flatMap((operations) => Object.values(operations))
        .flatMap(({ responses }) => Object.values(responses))
        .flatMap(({ content }) => Object.keys(content?.['application/problem+json']?.examples ?? {})),
    );
    // The answer where there is a path but no such route: it belongs to none.
    expect(listCodes().filter((code) => !named.has(code))).toEqual(['method_not_allowed']);
  });

  test('every example of the document fits its own schema', () => {
    const wrong: string[] = [];
    let count = 0;
    const hold = (where: string, media: { schema: unknown; example?: unknown; examples?: object }) => {
      const examples = Object.values(media.examples ?? {}).map(({ value }) => value);
      if (media.example !== undefined) examples.push(media.example);
      count += examples.length;
      for (const example of examples)
        wrong.push(...check(media.schema, example).map((text) => `${where} ${text}`));
    };
    for (const key of KEYS) {
      const { requestBody, responses } = findOperation(document, key);
      for (const media of Object.values(requestBody?.content ?? {})) hold(`${key} body`, media);
      for (const [status, { content = {} }] of Object.entries(responses))
        for (const media of Object.values(content)) hold(`${key} ${status}`, media);
    }
    expect(wrong).toEqual([]);
    expect(count).toBeGreaterThan(KEYS.length);
  });

  test.each(KEYS)('the example of %s works, and is answered as the document says', async (key) => {
    const route = knownRoute(key);
    const request = await prepareRequest(stage, route);
    const answer = await request.send(ownerKey(stage, route));
    await request.clean();
    const isGood = answer.status in route.operation.answers;
    expect([isGood, isGood ? '' : answer.text.slice(0, 500)]).toEqual([true, '']);
    const content = findOperation(document, key).responses[answer.status]?.content;
    const documented = Object.keys(content ?? {}).filter((type) => type !== 'application/problem+json');
    if (documented.length === 0) return expect(answer.text).toBe('');
    const type = documented.find((one) => one.split(';')[0] === answer.contentType.split(';')[0]);
    expect(type).toBeString();
    if (type === 'application/json') expect(check(content?.[type]?.schema, answer.json)).toEqual([]);
  });

  test('a refusal fits the schema of problems, and names where it is explained', async () => {
    const { body } = await stage.system.call('POST', '/v1/messages', {
      key: stage.owner.live,
      body: { too: 'x' },
    });
    expect(check({ $ref: '#/components/schemas/Problem' }, body)).toEqual([]);
    expect(check({ $ref: '#/components/schemas/Problem' }, { ...body, surplus: 1 })).not.toEqual([]);
    const [path = '', anchor = ''] = String(body.type).split('#');
    const page = await fetch(`${stage.system.url}${path}`);
    expect(await page.text()).toContain(`<section id="${anchor}">`);
  });

  test('a public linter finds nothing wrong with the document', async () => {
    const lint = async (source: string) => {
      const config = await createConfig({ extends: ['recommended'] });
      const problems = await lintFromString({ source, absoluteRef: 'openapi.json', config });
      return problems.map(
        ({ severity, ruleId, message, location }) =>
          `${severity} ${ruleId} ${message} ${location[0]?.pointer}`,
      );
    };
    expect(await lint(JSON.stringify(document))).toEqual([]);
    expect(await lint(JSON.stringify({ ...document, paths: { '/x': { get: {} } } }))).not.toEqual([]);
  });

  test.each(['/docs', '/docs/errors'])('%s needs no script and no other server', async (path) => {
    const response = await fetch(`${stage.system.url}${path}`);
    const page = await response.text();
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toStartWith("default-src 'none'; style-src 'sha256-");
    const style = /<style>(.*?)<\/style>/s.exec(page)?.[1] ?? '';
    expect(policy).toContain(new Bun.CryptoHasher('sha256').update(style).digest('base64'));
    expect(page).not.toMatch(/<script|<link|<img|<iframe|style="|(src|href)="(?!\/|#)/);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  });

  test('the page of reference has every route and every link of it leads somewhere', async () => {
    const page = await (await fetch(`${stage.system.url}/docs`)).text();
    for (const key of KEYS)
      expect(page).toContain(`<section id="${findOperation(document, key).operationId}">`);
    const codes = [...page.matchAll(/href="\/docs\/errors#([^"]+)"/g)].map(([, code]) => code);
    expect(codes.every((code) => listCodes().some((known) => known === code))).toBe(true);
    const anchors = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
    expect(anchors.every((id) => page.includes(`id="${id}"`))).toBe(true);
  });
});

test('docs/errors.md has every code as the server explains it', async () => {
  const file = Bun.file(new URL('../../docs/errors.md', import.meta.url));
  if ((await file.text()) !== toErrorsMarkdown())
    throw new Error('docs/errors.md is not what the codes say: run `bun scripts/write-errors-page.ts`');
});
