import {
  Client,
  CreatedKey,
  Erased,
  Key,
  pageOf,
  Provider,
  ProviderEvent,
  Queue,
  RemovedClient,
  RotatedKey,
  Whoami,
} from '../answers.ts';
import { AT, CLIENT_ID } from '../example-values.ts';
import { ACCESS, type Operations } from '../operation.ts';

const CLIENT = {
  id: CLIENT_ID,
  name: 'Shop',
  status: 'active',
  fromDomains: ['example.com'],
  rateLimit: 600,
  quotaLimit: null,
  provider: null,
  createdAt: AT,
  updatedAt: AT,
};

const KEY_ID = '019a8f3b-1c22-7f63-9dae-2f3e4d5c6b7a';
const KEY = {
  id: KEY_ID,
  clientId: CLIENT_ID,
  name: 'checkout',
  prefix: 'a1b2c3d4',
  scopes: ['send', 'read'],
  mode: 'live',
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
  createdAt: AT,
};
const SECRET = { key: 'mk_live_a1b2c3d4_EXAMPLE-EXAMPLE-EXAMPLE-EXAMPLE-EXAMPLE-EXA' };
const ID = { id: CLIENT_ID };
const QUEUE = { paused: false, waiting: 3, delayed: 1, active: 2 };

export const CLIENT_OPERATIONS: Operations = {
  'POST /v1/clients': {
    tag: 'Administration',
    summary: 'Create a client',
    access: ACCESS.admin,
    isIdempotent: true,
    codes: ['name_taken'],
    answers: { 201: { description: 'The client; it has no key yet.', schema: Client, example: CLIENT } },
    example: { body: { name: 'Shop', fromDomains: ['example.com'], rateLimit: 600 } },
  },
  'PATCH /v1/clients/:id': {
    tag: 'Administration',
    summary: 'Change or suspend a client',
    description: 'What is left out stays; `null` takes a limit away.',
    access: ACCESS.admin,
    codes: ['not_found', 'name_taken'],
    answers: { 200: { description: 'The client as it is now.', schema: Client, example: CLIENT } },
    example: { params: { id: CLIENT_ID }, body: { rateLimit: 600 } },
  },
  'POST /v1/clients/:id/keys': {
    tag: 'Administration',
    summary: 'Create a key of a client',
    description: 'The whole key is in this answer only. That is why the route takes no `Idempotency-Key`.',
    access: ACCESS.admin,
    codes: ['not_found'],
    answers: {
      201: {
        description: 'The key, shown this once.',
        schema: CreatedKey,
        example: { ...KEY, ...SECRET },
      },
    },
    example: { params: { id: CLIENT_ID }, body: { name: 'checkout', scopes: ['send', 'read'] } },
  },
  'GET /v1/clients': {
    tag: 'Administration',
    summary: 'List clients',
    access: ACCESS.admin,
    answers: {
      200: {
        description: 'A page of clients.',
        schema: pageOf(Client),
        example: { data: [CLIENT], nextCursor: null },
      },
    },
    example: { query: { status: 'active' } },
  },
  'GET /v1/clients/:id': {
    tag: 'Administration',
    summary: 'Look at a client',
    access: ACCESS.admin,
    codes: ['not_found'],
    answers: { 200: { description: 'The client.', schema: Client, example: CLIENT } },
    example: { params: ID },
  },
  'POST /v1/clients/:id/suspend': {
    tag: 'Administration',
    summary: 'Suspend a client',
    access: ACCESS.admin,
    codes: ['not_found'],
    answers: {
      200: { description: 'The client.', schema: Client, example: { ...CLIENT, status: 'suspended' } },
    },
    example: { params: ID },
  },
  'DELETE /v1/clients/:id': {
    tag: 'Administration',
    summary: 'Delete a client with all that is its own',
    description: '`confirm` is the name of the client. Refused while it has mail under way.',
    access: ACCESS.admin,
    codes: ['not_found', 'client_in_use', 'invalid_request'],
    answers: {
      200: {
        description: 'What is gone.',
        schema: RemovedClient,
        example: {
          id: CLIENT_ID,
          name: 'Shop',
          removed: { messages: 12, templates: 1, suppressions: 2, keys: 1 },
        },
      },
    },
    example: { params: ID, query: { confirm: 'Shop' } },
  },
  'GET /v1/clients/:id/keys': {
    tag: 'Administration',
    summary: 'List the keys of a client',
    access: ACCESS.admin,
    codes: ['not_found'],
    answers: {
      200: {
        description: 'A page of keys, without their secrets.',
        schema: pageOf(Key),
        example: { data: [KEY], nextCursor: null },
      },
    },
    example: { params: ID },
  },
  'DELETE /v1/clients/:id/keys/:keyId': {
    tag: 'Administration',
    summary: 'Revoke a key',
    description: 'Revoking it once more changes nothing.',
    access: ACCESS.admin,
    codes: ['not_found'],
    answers: { 204: { description: 'It is good no more, at any instance.' } },
    example: { params: { ...ID, keyId: KEY_ID } },
  },
  'POST /v1/clients/:id/keys/:keyId/rotate': {
    tag: 'Administration',
    summary: 'Replace a key',
    description: 'The old one stays good for `overlapS` seconds (a day by default).',
    access: ACCESS.admin,
    codes: ['not_found'],
    answers: {
      201: {
        description: 'The new key, shown this once.',
        schema: RotatedKey,
        example: { ...KEY, ...SECRET, replaces: { ...KEY, expiresAt: AT } },
      },
    },
    example: { params: { ...ID, keyId: KEY_ID }, body: { overlapS: 3600 } },
  },
  'GET /v1/queue': {
    tag: 'Administration',
    summary: 'How much waits, and whether workers may take it',
    access: ACCESS.admin,
    answers: { 200: { description: 'The queue.', schema: Queue, example: QUEUE } },
    example: {},
  },
  'POST /v1/queue/pause': {
    tag: 'Administration',
    summary: 'Let no worker take another message',
    access: ACCESS.admin,
    answers: { 200: { description: 'The queue.', schema: Queue, example: { ...QUEUE, paused: true } } },
    example: {},
  },
  'POST /v1/queue/resume': {
    tag: 'Administration',
    summary: 'Let workers go on',
    access: ACCESS.admin,
    answers: { 200: { description: 'The queue.', schema: Queue, example: QUEUE } },
    example: {},
  },
  'GET /v1/providers': {
    tag: 'Administration',
    summary: 'How each worker finds the providers',
    access: ACCESS.admin,
    answers: {
      200: {
        description: 'Every provider, by worker.',
        schema: pageOf(Provider),
        example: { data: [{ name: 'smtp', workers: [] }], nextCursor: null },
      },
    },
    example: {},
  },
  'GET /v1/providers/:name/events': {
    tag: 'Administration',
    summary: 'When a provider was out of order, and why',
    description:
      'What the workers found, newest first: `opened` (out of order from then on), `half_open` and `probe_failed` (tried again), `closed` (in order again). Who found the same within a minute, of a probe within five, is left out.',
    access: ACCESS.admin,
    codes: ['not_found', 'service_unavailable'],
    answers: {
      200: {
        description: 'A page.',
        schema: pageOf(ProviderEvent),
        example: {
          data: [
            {
              id: '019a8f3b-1c22-7f63-9dae-2f3e4d5c6b7b',
              kind: 'opened',
              reason: '5 failures in a row, the last: connect ECONNREFUSED',
              worker: '019a8f3b-1c22-7f63-9dae-2f3e4d5c6b7c',
              at: AT,
            },
          ],
          nextCursor: null,
        },
      },
    },
    example: { params: { name: 'smtp' } },
  },
  'GET /v1/whoami': {
    tag: 'Administration',
    summary: 'Whose key is this?',
    access: ACCESS.anyKey,
    answers: {
      200: {
        description: 'What the key is and may do, and the release of the service that answers.',
        schema: Whoami,
        example: {
          kind: 'admin',
          scopes: ['admin'],
          keyPrefix: 'a1b2c3d4',
          mode: null,
          client: null,
          serviceVersion: '0.1.0',
        },
      },
    },
    example: {},
  },
  'DELETE /v1/recipients/:email': {
    tag: 'Administration',
    summary: 'Forget a person',
    description: 'Erases what the client keeps of an address; an entry of the suppression list stays.',
    access: ACCESS.liveSender,
    codes: ['invalid_request'],
    answers: {
      200: {
        description: 'How much was erased.',
        schema: Erased,
        example: { messages: 2, inbox: 0, events: 5, pending: 0, suppressionKept: false },
      },
    },
    example: { params: { email: 'gone@example.net' } },
  },
};
