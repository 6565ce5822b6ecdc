import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { OpenApiDocument, OperationObject } from '../src/api/openapi/document.ts';
import { OPERATIONS } from '../src/api/openapi/operations.ts';
import { isObject } from '../src/api/openapi/public-schema.ts';
import { type ApiStage, OWNER_SECRET, startApiStage } from './support/api-stage.ts';
import { createDocumentChecker, type DocumentChecker } from './support/document-checker.ts';
import { createDraws, type Draws } from './support/fuzz-draws.ts';
import { drawBody, drawValue, HEADER_TRICKS, PATH_TRICKS, spoilBytes } from './support/fuzz-values.ts';
import { type RawAnswer, type RawRequest, sendRaw } from './support/raw-http.ts';
import { isFullRun } from './support/requires.ts';
import { fetchDocument, findOperation } from './support/route-caller.ts';
import { describeOnBothProfiles } from './support/system.ts';

/** Of both profiles together. */
const REQUESTS = isFullRun() ? 20_000 : 1000;
const AT_ONCE = 4;
/** Set to see a failure again. */
const SEED = 20_261_121;

const CLIENT_CALLERS = ['stranger', 'stranger', 'stranger', 'strangerTest', 'nobody', 'nonsense'];
const CALLERS = [...CLIENT_CALLERS, 'admin'];
const ADMIN_CALLERS = ['admin', 'admin', 'stranger'];

/** What an admin may do to messages of any client: the owner's would not be there at the end. */
function isAdminsWork(key: string): boolean {
  return !key.startsWith('GET') && /\/v1\/(dead-letters|messages)/.test(key);
}

type Case = { key: string; who: string; isPlainPath: boolean; request: RawRequest };

describeOnBothProfiles('whatever is sent', (profile) => {
  let stage: ApiStage;
  let document: OpenApiDocument;
  let check: DocumentChecker;
  let ownedIds: string[];
  let victimId: string;
  const rejections: unknown[] = [];
  const note = (reason: unknown) => void rejections.push(reason);

  beforeAll(async () => {
    process.on('unhandledRejection', note);
    stage = await startApiStage(profile);
    document = await fetchDocument(stage.system.url);
    check = createDocumentChecker(document);
    const { make } = stage;
    victimId = await make.clientId();
    ownedIds = [
      await make.message(),
      await make.scheduled(),
      await make.deadLetter(),
      await make.unknown(),
      await make.suppression(),
      await make.endpoint(),
      await make.template(),
    ];
  }, 60_000);
  afterAll(async () => {
    process.off('unhandledRejection', note);
    await stage.stop();
  });

  test(
    'is answered as the document says: never a 500, and never with what is another’s',
    async () => {
      const draws = createDraws(SEED + (profile === 'embedded' ? 0 : 1));
      const wrong: string[] = [];
      const statuses = new Map<number, number>();
      const work = async () => {
        while (left > 0 && wrong.length < 10) {
          left -= 1;
          const one = drawCase(draws);
          const answer = await sendRaw(new URL(stage.system.url), one.request);
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
          wrong.push(
            ...judge(one, answer).map((text) => `${text}\n  ${show(one)}\n  ${answer.text.slice(0, 300)}`),
          );
        }
      };
      let left = Math.floor(REQUESTS / 2);
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      expect(wrong.join('\n')).toBe('');
      expect(stage.system.logLines.filter((line) => line.includes('a request failed'))).toEqual([]);
      expect(rejections).toEqual([]);
      // That most were refused for one and the same reason would test little.
      const good = [200, 201, 202, 204].reduce((sum, status) => sum + (statuses.get(status) ?? 0), 0);
      expect(good).toBeGreaterThan(REQUESTS / 50);
      expect([400, 401, 403, 404, 422].filter((status) => !statuses.has(status))).toEqual([]);
    },
    isFullRun() ? 1_200_000 : 240_000,
  );

  test('what belongs to the owner is still there', async () => {
    const { system, owner } = stage;
    const read = async (path: string) => (await system.call('GET', path, { key: owner.live })).status;
    const [message, scheduled, letter, , , endpoint, template] = ownedIds;
    expect([
      (await system.call('GET', `/v1/messages/${scheduled}`, { key: owner.live })).body.status,
      await read(`/v1/messages/${message}`),
      await read(`/v1/dead-letters/${letter}`),
      await read(`/v1/webhook-endpoints/${endpoint}`),
      await read(`/v1/templates/${template}`),
    ]).toEqual(['scheduled', 200, 200, 200, 200]);
    expect((await system.call('GET', '/readyz')).body.status).toBe('ready');
  });

  function drawCase(draws: Draws): Case {
    const key = draws.pick(Object.keys(OPERATIONS));
    const operation = findOperation(document, key);
    const isAdminRoute = /\/v1\/(clients|queue)/.test(key);
    const who = draws.pick(isAdminRoute ? ADMIN_CALLERS : isAdminsWork(key) ? CLIENT_CALLERS : CALLERS);
    const path = drawPath(key, draws, isAdminRoute);
    const headers = [...drawKey(who, draws), ...(draws.oneIn(6) ? draws.pick(HEADER_TRICKS) : [])];
    const body = drawBytes(operation, draws);
    if (body && !headers.some((line) => /^content-type/i.test(line)))
      headers.push(
        `Content-Type: ${Object.keys(operation.requestBody?.content ?? {})[0] ?? 'application/json'}`,
      );
    const [method = ''] = key.split(' ');
    return { key, who, isPlainPath: path.isPlain, request: { method, target: path.target, headers, body } };
  }

  function drawKey(who: string, draws: Draws): string[] {
    const { stranger, system } = stage;
    const keys: Record<string, string> = {
      stranger: stranger.live,
      strangerTest: stranger.test,
      admin: system.keys.admin,
      nonsense: `mk_live_${'a'.repeat(draws.below(12))}_${'\x7f'.repeat(draws.below(3))}`,
    };
    const apiKey = keys[who];
    if (apiKey === undefined) return [];
    return [draws.oneIn(3) ? `Authorization: Bearer ${apiKey}` : `X-Api-Key: ${apiKey}`];
  }

  function drawPath(key: string, draws: Draws, isAdminRoute: boolean): { target: string; isPlain: boolean } {
    const [, pattern = ''] = key.split(' ');
    let isPlain = true;
    const path = pattern.replaceAll(/:[A-Za-z]+/g, () => {
      if (draws.oneIn(2)) return isAdminRoute ? victimId : draws.pick(ownedIds);
      if (draws.oneIn(3)) return draws.pick(['welcome', '1', 'fuzzed', 'ses']);
      isPlain = false;
      return draws.pick(PATH_TRICKS);
    });
    if (draws.oneIn(30))
      return { target: path + draws.pick(['/', '//', '/%2e%2e', '?', '#x', '/../', '%20']), isPlain: false };
    const query = drawQuery(findOperation(document, key), draws);
    return { target: query === '' ? path : `${path}?${query}`, isPlain };
  }

  function drawQuery({ parameters }: OperationObject, draws: Draws): string {
    const own = parameters.filter((one) => one.in === 'query' && one.name !== 'tags' && draws.oneIn(2));
    const pairs = own.map(({ name, schema, description }) => {
      const value = drawValue({ ...schema, description }, draws);
      return `${name}=${draws.oneIn(6) ? draws.pick(PATH_TRICKS) : encodeURIComponent(String(value))}`;
    });
    if (draws.oneIn(12))
      pairs.push(
        draws.pick([
          '__proto__=1',
          'limit=1&limit=2',
          'status[]=x',
          'a.b.c=1',
          '=',
          '&&',
          '%=%',
          'cursor=%00',
          'tag.x=1',
          'tag.=1',
          'cursor=AAAA',
        ]),
      );
    return pairs.join('&');
  }

  function drawBytes({ requestBody }: OperationObject, draws: Draws): Uint8Array | null {
    const schema = requestBody?.content['application/json']?.schema;
    if (!schema) return requestBody || draws.oneIn(20) ? Buffer.from(drawBody({}, draws)) : null;
    if (draws.oneIn(25)) return null;
    const bytes = Buffer.from(drawBody(schema, draws));
    return draws.oneIn(15) ? spoilBytes(bytes, draws) : bytes;
  }

  function judge({ key, who, isPlainPath }: Case, { status, contentType, text }: RawAnswer): string[] {
    if (status === 0) return ['no answer'];
    if (status >= 500 && key !== 'GET /readyz') return [`answered ${status}`];
    const isLeak = who !== 'admin' && (text.includes(OWNER_SECRET) || text.includes(stage.owner.clientId));
    if (isLeak) return ['shows what belongs to another client'];
    if (text === '' || !contentType.includes('json')) return [];
    if (!isPlainPath) return [];
    const documented = findOperation(document, key).responses[status]?.content;
    const found = Object.entries(documented ?? {}).find(([type]) => contentType.startsWith(type));
    if (!found) return [`answered ${status}, which is not documented`];
    const json: unknown = JSON.parse(text);
    const code = isObject(json) && typeof json['code'] === 'string' ? ` ${json['code']}` : '';
    return check(found[1].schema, json).map((problem) => `answered ${status}${code}: ${problem}`);
  }
});

function show({ key, who, request: { target, headers, body } }: Case): string {
  const text = body ? Buffer.from(body).toString('latin1').slice(0, 300) : 'no body';
  return `${key} by ${who}: ${target.slice(0, 200)} ${headers
    .filter((line) => !line.includes('mk_'))
    .join(' | ')
    .slice(0, 200)} ${text}`;
}
