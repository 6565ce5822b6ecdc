import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { ProblemCode } from '../src/api/problems/problem.ts';
import { PROBLEMS } from '../src/api/problems/problem.ts';
import type { Access } from '../src/api/openapi/operation.ts';
import { OPERATIONS } from '../src/api/openapi/operations.ts';
import type { Scope } from '../src/lib/auth/api-key.ts';
import { type ApiStage, OWNER_SECRET, startApiStage } from './support/api-stage.ts';
import { listRouteKeys } from './support/list-routes.ts';
import {
  type KnownRoute,
  knownRoute,
  ownerKey,
  prepareRequest,
  type RouteAnswer,
} from './support/route-caller.ts';
import type { Outcome } from './support/route-cases.ts';
import { describeOnBothProfiles } from './support/system.ts';

describeOnBothProfiles('keys', (profile) => {
  let stage: ApiStage;

  beforeAll(async () => {
    stage = await startApiStage(profile);
    // Something to be seen in each of the lists.
    const { make, owner } = stage;
    await make.message();
    await make.message(owner.test);
    await make.scheduled();
    await make.deadLetter();
    await make.suppression();
    await make.endpoint();
    await make.template();
  }, 60_000);
  afterAll(() => stage.stop());

  test('every route says what others get', async () => {
    for (const key of await listRouteKeys(stage)) expect(knownRoute(key).key).toBe(key);
  });

  test.each(Object.keys(OPERATIONS))('%s answers its owner and nobody else', async (key) => {
    const route = knownRoute(key);
    const { access } = route.operation;
    const request = await prepareRequest(stage, route);
    const { owner, stranger, keys, system } = stage;
    const hold = async (who: string, apiKey: string | null, outcome: Outcome) => {
      const answer = await request.send(apiKey);
      expect([who, ...tell(answer, outcome)]).toEqual([who, ...expected(outcome)]);
      if (outcome !== 'same') expect(answer.text).not.toContain(OWNER_SECRET);
      if (outcome !== 'same') expect(answer.text).not.toContain(owner.clientId);
    };
    const isOpen = access.caller === 'nobody';
    for (const [who, apiKey] of Object.entries({ ...keys, none: null, noKey: 'nonsense' })) {
      if (who !== 'readOnly') await hold(who, apiKey, isOpen ? 'same' : 'unauthenticated');
    }
    const refusal = refusalOf(access, ['read']);
    // Where it is allowed it may do what the owner does at the end, which works once: but for reading.
    if (refusal !== null) await hold('a key that only reads', keys.readOnly, refusal);
    else if (key.startsWith('GET ')) await hold('a key that only reads', keys.readOnly, asReader(route));
    await hold("another client's key", stranger.live, route.routeCase.stranger);
    await hold('a key of the other mode', otherMode(stage, route), route.routeCase.otherMode);
    if (access.caller === 'client') await hold('an admin', system.keys.admin, adminRefusal(access));
    const answer = await request.send(ownerKey(stage, route));
    await request.clean();
    // Whatever others tried, it is still there: but for what anybody may do, or does to something that is gone by then.
    const isDone = route.routeCase.otherMode === 'same' && key.startsWith('DELETE');
    expect([answer.status < 300 || isDone, answer.text.slice(0, 300)]).toEqual([true, expect.anything()]);
  });
});

function otherMode({ owner }: ApiStage, { routeCase }: KnownRoute): string {
  return routeCase.ownerMode === 'test' ? owner.live : owner.test;
}

/** What a live key of the owner's reads. */
function asReader({ routeCase }: KnownRoute): Outcome {
  return routeCase.ownerMode === 'test' ? routeCase.otherMode : 'same';
}

function tell({ status, json }: RouteAnswer, outcome: Outcome): unknown[] {
  if (outcome === 'own' || outcome === 'same')
    return [status < 300 ? 'answered' : status, status < 300 ? null : json];
  return [status, typeof json === 'object' && json && 'code' in json ? json.code : json];
}

function expected(outcome: Outcome): unknown[] {
  if (outcome === 'own' || outcome === 'same') return ['answered', null];
  return [PROBLEMS[outcome].status, outcome];
}

function refusalOf(access: Access, scopes: readonly Scope[]): ProblemCode | null {
  if (access.caller === 'nobody') return null;
  const isAllowed = access.scopes.every((group) => group.some((scope) => scopes.includes(scope)));
  return isAllowed ? null : 'scope_missing';
}

function adminRefusal(access: Access): ProblemCode {
  return refusalOf(access, ['admin']) ?? 'client_key_required';
}
