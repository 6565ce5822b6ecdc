import { Type } from '@sinclair/typebox';
import { Delivery, Endpoint, EndpointWithSecret, pageOf } from '../answers.ts';
import { AT, DELIVERY_ID, ENDPOINT_ID, HOOK_URL, LATER, MESSAGE_ID } from '../example-values.ts';
import { ACCESS, type Operations } from '../operation.ts';

const ID = { id: ENDPOINT_ID };

const ENDPOINT = {
  id: ENDPOINT_ID,
  mode: 'live',
  url: HOOK_URL,
  description: null,
  events: ['message.delivered', 'message.bounced'],
  status: 'active',
  pauseReason: null,
  pausedAt: null,
  failingSince: null,
  previousSecretUntil: null,
  createdAt: AT,
  updatedAt: AT,
};

const WITH_SECRET = { ...ENDPOINT, secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' };

const STRICT = { additionalProperties: false } as const;
const Enqueued = Type.Object({ deliveryId: Type.String({ format: 'uuid' }) }, STRICT);
const Replayed = Type.Object(
  {
    replayed: Type.Integer({ minimum: 0 }),
    nextSince: Type.Union([
      Type.String({ format: 'date-time', description: 'ask again from here for the rest' }),
      Type.Null(),
    ]),
  },
  STRICT,
);

export const WEBHOOK_OPERATIONS: Operations = {
  'POST /v1/webhook-endpoints': {
    tag: 'Webhooks',
    summary: 'Have events sent to a URL',
    description: 'The secret that signs them is in this answer only.',
    access: ACCESS.senderAndReader,
    codes: ['too_many_endpoints'],
    answers: {
      201: { description: 'The endpoint with its secret.', schema: EndpointWithSecret, example: WITH_SECRET },
    },
    example: { body: { url: HOOK_URL, events: ['message.delivered', 'message.bounced'] } },
  },
  'GET /v1/webhook-endpoints': {
    tag: 'Webhooks',
    summary: 'List endpoints',
    access: ACCESS.reader,
    answers: {
      200: {
        description: 'A page of endpoints.',
        schema: pageOf(Endpoint),
        example: { data: [ENDPOINT], nextCursor: null },
      },
    },
    example: { query: { limit: '20' } },
  },
  'GET /v1/webhook-endpoints/:id': {
    tag: 'Webhooks',
    summary: 'Look at an endpoint',
    access: ACCESS.reader,
    codes: ['not_found'],
    answers: { 200: { description: 'The endpoint.', schema: Endpoint, example: ENDPOINT } },
    example: { params: ID },
  },
  'PATCH /v1/webhook-endpoints/:id': {
    tag: 'Webhooks',
    summary: 'Change, pause or resume an endpoint',
    access: ACCESS.senderAndReader,
    codes: ['not_found'],
    answers: { 200: { description: 'The endpoint as it is now.', schema: Endpoint, example: ENDPOINT } },
    example: { params: ID, body: { events: ['message.delivered', 'message.bounced'] } },
  },
  'DELETE /v1/webhook-endpoints/:id': {
    tag: 'Webhooks',
    summary: 'Delete an endpoint',
    access: ACCESS.senderAndReader,
    codes: ['not_found'],
    answers: { 204: { description: 'It is gone, with what was still to be sent.' } },
    example: { params: ID },
  },
  'POST /v1/webhook-endpoints/:id/rotate': {
    tag: 'Webhooks',
    summary: 'Change the secret of an endpoint',
    description: 'For `overlapHours` (24 by default) both the new and the previous secret sign.',
    access: ACCESS.senderAndReader,
    codes: ['not_found'],
    answers: {
      200: {
        description: 'The endpoint with its new secret.',
        schema: EndpointWithSecret,
        example: { ...WITH_SECRET, previousSecretUntil: '2026-11-22T08:00:00.000Z' },
      },
    },
    example: { params: ID, body: { overlapHours: 24 } },
  },
  'POST /v1/webhook-endpoints/:id/test': {
    tag: 'Webhooks',
    summary: 'Send a test event',
    access: ACCESS.senderAndReader,
    codes: ['not_found', 'endpoint_paused'],
    answers: {
      202: { description: 'It will be sent.', schema: Enqueued, example: { deliveryId: DELIVERY_ID } },
    },
    example: { params: ID },
  },
  'GET /v1/webhook-endpoints/:id/deliveries': {
    tag: 'Webhooks',
    summary: 'What was sent to an endpoint, with each attempt',
    access: ACCESS.reader,
    codes: ['not_found'],
    answers: {
      200: {
        description: 'A page of deliveries, newest first.',
        schema: pageOf(Delivery),
        example: {
          data: [
            {
              id: DELIVERY_ID,
              type: 'message.delivered',
              eventId: 1042,
              messageId: MESSAGE_ID,
              status: 'delivered',
              nextAttemptAt: null,
              createdAt: AT,
              attempts: [
                { number: 1, at: LATER, durationMs: 84, statusCode: 204, error: null, response: '' },
              ],
            },
          ],
          nextCursor: null,
        },
      },
    },
    example: { params: ID },
  },
  'POST /v1/webhook-endpoints/:id/replay': {
    tag: 'Webhooks',
    summary: 'Send past events again',
    description: 'Either one by its `eventId`, or all from `since` (to `until`).',
    access: ACCESS.senderAndReader,
    codes: ['not_found', 'endpoint_paused'],
    answers: {
      202: {
        description: 'How many will be sent again.',
        schema: Replayed,
        example: { replayed: 12, nextSince: null },
      },
    },
    example: { params: ID, body: { since: AT } },
  },
};
