import type { ProblemCode } from '../../src/api/problems/problem.ts';
import { HOOK_URL } from '../../src/api/openapi/example-values.ts';
import type { ApiStage } from './api-stage.ts';
import { sesRecord } from './fake-sns.ts';

/** What somebody gets who is not the owner: a refusal, an answer about things of their own, or the same as everybody. */
export type Outcome = ProblemCode | 'own' | 'same';

/** What a route needs to be called with its documented example, and what it says to others. */
export type RouteCase = {
  /** Values that stand for those of the example. */
  prepare?: (stage: ApiStage) => Promise<Prepared> | Prepared;
  /** The key that the owner uses: by default a live one, or an admin's where the route is for admins. */
  ownerMode?: 'test';
  /** A live key of another client, with the same request. */
  stranger: Outcome;
  /** A key of the same client, of the other mode. */
  otherMode: Outcome;
};

export type Prepared = {
  params?: Record<string, string>;
  query?: Record<string, string>;
  body?: unknown;
  headers?: Record<string, string>;
  /** After the call. */
  clean?: () => Promise<unknown>;
};

const withMessage = async ({ make }: ApiStage) => ({ params: { id: await make.message() } });
const withTemplate = async ({ make }: ApiStage) => ({ params: { name: await make.template() } });
const withEndpoint = async ({ make }: ApiStage) => {
  const id = await make.endpoint();
  return { params: { id }, clean: () => make.dropEndpoint(id) };
};
const withInboxMail = async ({ make, owner }: ApiStage) => ({
  params: { id: await make.message(owner.test) },
});
const withInboxAttachment = async ({ make, owner }: ApiStage) => ({
  params: { id: await make.messageWithFile(owner.test) },
});
const withClient = async ({ make }: ApiStage) => ({ params: { id: await make.clientId() } });
const withKey = async ({ make, system }: ApiStage) => {
  const id = await make.clientId();
  const { body } = await system.call('POST', `/v1/clients/${id}/keys`, {
    key: system.keys.admin,
    body: { name: 'x' },
  });
  return { params: { id, keyId: String(body.id) } };
};
const withToken = async ({ make }: ApiStage) => ({ params: { token: await make.unsubscribeToken() } });

const HIDDEN = { stranger: 'not_found', otherMode: 'not_found' } as const;
const OWN = { stranger: 'own', otherMode: 'own' } as const;
const ADMIN = { stranger: 'scope_missing', otherMode: 'scope_missing' } as const;
const PUBLIC = { stranger: 'same', otherMode: 'same' } as const;
/** Templates are a client's in both of its modes. */
const TEMPLATE = { stranger: 'template_not_found', otherMode: 'same' } as const;
const LIVE_ONLY = { stranger: 'own', otherMode: 'live_key_required' } as const;

/** One for each route of the app. */
export const ROUTE_CASES: Readonly<Record<string, RouteCase>> = {
  'POST /v1/messages': {
    prepare: async ({ make }) => {
      await make.template('welcome');
      return { headers: { 'idempotency-key': Bun.randomUUIDv7() } };
    },
    stranger: 'template_not_found',
    otherMode: 'own',
  },
  'POST /v1/messages/batch': OWN,
  'GET /v1/messages': OWN,
  'GET /v1/messages/:id': { prepare: withMessage, ...HIDDEN },
  'GET /v1/messages/:id/events': { prepare: withMessage, ...HIDDEN },
  'GET /v1/messages/:id/content': { prepare: withMessage, ...HIDDEN },
  'PATCH /v1/messages/:id': {
    prepare: async ({ make }) => ({ params: { id: await make.scheduled() } }),
    ...HIDDEN,
  },
  'POST /v1/messages/:id/cancel': {
    prepare: async ({ make }) => ({ params: { id: await make.scheduled() } }),
    ...HIDDEN,
  },
  'POST /v1/messages/:id/retry': {
    prepare: async ({ make }) => ({ params: { id: await make.failed() } }),
    ...HIDDEN,
  },
  'POST /v1/messages/:id/resolve': {
    prepare: async ({ make }) => ({ params: { id: await make.unknown() } }),
    ...HIDDEN,
  },
  'GET /v1/messages/stream': OWN,
  'GET /v1/stats': OWN,
  'PUT /v1/templates/:name': {
    prepare: () => ({ params: { name: `n-${Bun.randomUUIDv7()}` } }),
    stranger: 'own',
    otherMode: 'same',
  },
  'GET /v1/templates': { stranger: 'own', otherMode: 'same' },
  'GET /v1/templates/:name': { prepare: withTemplate, ...TEMPLATE },
  'DELETE /v1/templates/:name': { prepare: withTemplate, ...TEMPLATE },
  'GET /v1/templates/:name/versions': { prepare: withTemplate, ...TEMPLATE },
  'GET /v1/templates/:name/versions/:number': { prepare: withTemplate, ...TEMPLATE },
  'POST /v1/templates/:name/render': { prepare: withTemplate, ...TEMPLATE },
  'POST /v1/templates/:name/rollback': { prepare: withTemplate, ...TEMPLATE },
  'GET /v1/suppressions': LIVE_ONLY,
  'POST /v1/suppressions': LIVE_ONLY,
  'DELETE /v1/suppressions/:id': {
    prepare: async ({ make }) => ({ params: { id: await make.suppression() } }),
    stranger: 'not_found',
    otherMode: 'live_key_required',
  },
  'GET /v1/dead-letters': OWN,
  'GET /v1/dead-letters/:id': {
    prepare: async ({ make }) => ({ params: { id: await make.deadLetter() } }),
    ...HIDDEN,
  },
  'DELETE /v1/dead-letters/:id': {
    prepare: async ({ make }) => ({ params: { id: await make.deadLetter() } }),
    ...HIDDEN,
  },
  'POST /v1/dead-letters/:id/retry': {
    prepare: async ({ make }) => ({ params: { id: await make.deadLetter() } }),
    ...HIDDEN,
  },
  'POST /v1/dead-letters/retry': OWN,
  'POST /v1/dead-letters/discard': OWN,
  'GET /v1/inbox': { ownerMode: 'test', ...OWN },
  'DELETE /v1/inbox': { ownerMode: 'test', ...OWN },
  'PATCH /v1/inbox/:id': { prepare: withInboxMail, ownerMode: 'test', ...HIDDEN },
  'DELETE /v1/inbox/:id': { prepare: withInboxMail, ownerMode: 'test', ...HIDDEN },
  'GET /v1/inbox/:id/attachments/:index': { prepare: withInboxAttachment, ownerMode: 'test', ...HIDDEN },
  'GET /v1/inbox/:id': { prepare: withInboxMail, ownerMode: 'test', ...HIDDEN },
  'GET /v1/inbox/:id/raw': { prepare: withInboxMail, ownerMode: 'test', ...HIDDEN },
  'POST /v1/webhook-endpoints': {
    prepare: ({ receiver }) => ({
      body: { url: receiver.url, events: ['message.delivered', 'message.bounced'] },
    }),
    ...OWN,
  },
  'GET /v1/webhook-endpoints': OWN,
  'GET /v1/webhook-endpoints/:id': { prepare: withEndpoint, ...HIDDEN },
  'PATCH /v1/webhook-endpoints/:id': { prepare: withEndpoint, ...HIDDEN },
  'DELETE /v1/webhook-endpoints/:id': { prepare: withEndpoint, ...HIDDEN },
  'POST /v1/webhook-endpoints/:id/rotate': { prepare: withEndpoint, ...HIDDEN },
  'POST /v1/webhook-endpoints/:id/test': { prepare: withEndpoint, ...HIDDEN },
  'GET /v1/webhook-endpoints/:id/deliveries': { prepare: withEndpoint, ...HIDDEN },
  'POST /v1/webhook-endpoints/:id/replay': { prepare: withEndpoint, ...HIDDEN },
  'POST /v1/clients': {
    prepare: () => ({
      body: { name: `Shop ${Bun.randomUUIDv7()}`, fromDomains: ['example.com'], rateLimit: 600 },
      headers: { 'idempotency-key': Bun.randomUUIDv7() },
    }),
    ...ADMIN,
  },
  'PATCH /v1/clients/:id': {
    prepare: async ({ make }) => ({ params: { id: await make.clientId() } }),
    ...ADMIN,
  },
  'POST /v1/clients/:id/keys': {
    prepare: async ({ make }) => ({ params: { id: await make.clientId() } }),
    ...ADMIN,
  },
  'GET /v1/clients': ADMIN,
  'GET /v1/clients/:id': { prepare: withClient, ...ADMIN },
  'POST /v1/clients/:id/suspend': { prepare: withClient, ...ADMIN },
  'DELETE /v1/clients/:id': {
    prepare: async ({ make, system }) => {
      const id = await make.clientId();
      const { body } = await system.call('GET', `/v1/clients/${id}`, { key: system.keys.admin });
      return { params: { id }, query: { confirm: String(body.name) } };
    },
    ...ADMIN,
  },
  'GET /v1/clients/:id/keys': { prepare: withClient, ...ADMIN },
  'DELETE /v1/clients/:id/keys/:keyId': { prepare: withKey, ...ADMIN },
  'POST /v1/clients/:id/keys/:keyId/rotate': { prepare: withKey, ...ADMIN },
  'GET /v1/queue': ADMIN,
  'POST /v1/queue/pause': {
    prepare: ({ system }) => ({
      clean: () => system.call('POST', '/v1/queue/resume', { key: system.keys.admin }),
    }),
    ...ADMIN,
  },
  'POST /v1/queue/resume': ADMIN,
  'GET /v1/providers': ADMIN,
  'GET /v1/providers/:name/events': ADMIN,
  'GET /v1/whoami': { stranger: 'own', otherMode: 'same' },
  'DELETE /v1/recipients/:email': LIVE_ONLY,
  'GET /healthz': PUBLIC,
  'GET /metrics': PUBLIC,
  'GET /readyz': PUBLIC,
  'GET /openapi.json': PUBLIC,
  'GET /docs': PUBLIC,
  'GET /docs/errors': PUBLIC,
  'GET /u/:token': { prepare: withToken, ...PUBLIC },
  'POST /u/:token': { prepare: withToken, ...PUBLIC },
  'POST /webhooks/:provider': {
    prepare: async ({ make, sns }) => ({
      body: sns.notify(sesRecord('Delivery', { id: await make.unknown() })),
      headers: { 'content-type': 'text/plain; charset=UTF-8' },
    }),
    ...PUBLIC,
  },
};

/** Nothing is ever sent to the example's host. */
export function assertNoExampleHost(body: unknown): void {
  if (JSON.stringify(body ?? '').includes(HOOK_URL))
    throw new Error(`a test would make the service call ${HOOK_URL}`);
}
