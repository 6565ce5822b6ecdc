import { Client, CreatedKey } from '../answers.ts';
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
        example: {
          id: '019a8f3b-1c22-7f63-9dae-2f3e4d5c6b7a',
          key: 'mk_live_a1b2c3d4_EXAMPLE-EXAMPLE-EXAMPLE-EXAMPLE-EXAMPLE-EXA',
          clientId: CLIENT_ID,
          name: 'checkout',
          prefix: 'a1b2c3d4',
          scopes: ['send', 'read'],
          mode: 'live',
          expiresAt: null,
          createdAt: AT,
        },
      },
    },
    example: { params: { id: CLIENT_ID }, body: { name: 'checkout', scopes: ['send', 'read'] } },
  },
};
