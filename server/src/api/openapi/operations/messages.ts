import { Type } from '@sinclair/typebox';
import { SendBatchBody, SendMessageBody } from '../../schemas.ts';
import {
  Accepted,
  AcceptedBatch,
  Content,
  MessageDetail,
  MessageSummary,
  Moved,
  pageOf,
  Timeline,
} from '../answers.ts';
import { AT, LATER, MESSAGE_ID } from '../example-values.ts';
import { ACCESS, type Operations } from '../operation.ts';

const ID = { id: MESSAGE_ID };

/** The route takes anything in the list, so as to say of each message what is wrong with it. */
const BatchBody = Type.Object(
  {
    messages: Type.Array(SendMessageBody, { minItems: 1, maxItems: 500 }),
    mode: SendBatchBody.properties.mode,
  },
  { additionalProperties: false },
);

const SUMMARY = {
  id: MESSAGE_ID,
  status: 'sent',
  mode: 'live',
  from: 'Shop <shop@example.com>',
  recipient: 'ada@example.net',
  subject: 'Welcome, Ada',
  template: 'welcome',
  templateVersion: 1,
  provider: 'smtp',
  attempts: 1,
  lastError: null,
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  tags: { kind: 'greeting' },
  priority: 'normal',
  scheduledAt: null,
  createdAt: AT,
  updatedAt: LATER,
};

const DETAIL = {
  ...SUMMARY,
  props: { name: 'Ada' },
  locale: null,
  replyTo: [],
  headers: {},
  metadata: { order: '1815' },
  providerMessageId: '<019a8f3c@example.com>',
  recipients: [{ kind: 'to', email: 'ada@example.net', name: 'Ada', status: 'sent', response: '250 ok' }],
  attachments: [],
};

const SCHEDULED = { ...DETAIL, status: 'scheduled', provider: null, attempts: 0, providerMessageId: null };

const WELCOME = {
  to: 'Ada <ada@example.net>',
  template: 'welcome',
  props: { name: 'Ada' },
  tags: { kind: 'greeting' },
  metadata: { order: '1815' },
};

/** What sending may be refused with, besides what every route has. */
const SENDING = [
  'from_not_allowed',
  'template_not_found',
  'invalid_props',
  'quota_exceeded',
  'overloaded',
] as const;

export const MESSAGE_OPERATIONS: Operations = {
  'POST /v1/messages': {
    tag: 'Messages',
    summary: 'Send a message',
    description:
      'The answer is a promise: the message is stored and will be handed to a provider, retried or reported. Content is either `template` with `props`, or `html` and/or `text` with a `subject`.',
    access: ACCESS.sender,
    isIdempotent: true,
    codes: SENDING,
    answers: {
      202: {
        description: 'The message is kept and will be sent.',
        schema: Accepted,
        example: { messageId: MESSAGE_ID, status: 'queued', createdAt: AT },
      },
    },
    example: { body: WELCOME, headers: { 'idempotency-key': 'order-1815-welcome' } },
  },
  'POST /v1/messages/batch': {
    tag: 'Messages',
    summary: 'Send up to 500 messages',
    description:
      'A `strict` batch (the default) is taken as a whole or not at all; of a `permissive` one whatever is acceptable. `data` has an item for each message, in order. Rate limit and quota count messages.',
    access: ACCESS.sender,
    isIdempotent: true,
    body: BatchBody,
    codes: [...SENDING, 'batch_rejected'],
    answers: {
      202: {
        description: 'What was taken, in the order of the request.',
        schema: AcceptedBatch,
        example: {
          accepted: 1,
          rejected: 1,
          data: [
            { messageId: MESSAGE_ID, status: 'queued', createdAt: AT },
            {
              error: {
                index: 1,
                status: 422,
                code: 'invalid_request',
                detail: 'The message cannot be sent as it is.',
                errors: [{ path: '/to', message: 'must be an address such as "Ada <ada@example.com>"' }],
              },
            },
          ],
        },
      },
    },
    example: {
      body: {
        mode: 'permissive',
        messages: [
          { to: 'ada@example.net', subject: 'Hello', text: 'Hello, Ada.' },
          { to: 'nobody', subject: 'Hello', text: 'Hello, nobody.' },
        ],
      },
    },
  },
  'GET /v1/messages': {
    tag: 'Messages',
    summary: 'List messages, newest first',
    access: ACCESS.reader,
    answers: {
      200: {
        description: 'A page of messages of the client and mode of the key.',
        schema: pageOf(MessageSummary),
        example: { data: [SUMMARY], nextCursor: null },
      },
    },
    example: { query: { status: 'sent', limit: '20' } },
  },
  'GET /v1/messages/:id': {
    tag: 'Messages',
    summary: 'Look at a message',
    access: ACCESS.reader,
    codes: ['not_found'],
    answers: { 200: { description: 'The message.', schema: MessageDetail, example: DETAIL } },
    example: { params: ID },
  },
  'GET /v1/messages/:id/events': {
    tag: 'Messages',
    summary: 'The timeline of a message',
    access: ACCESS.reader,
    codes: ['not_found'],
    answers: {
      200: {
        description: 'Everything that happened, in order.',
        schema: Timeline,
        example: {
          data: [
            { type: 'accepted', attempt: 0, provider: null, recipient: null, detail: null, at: AT },
            { type: 'sent', attempt: 1, provider: 'smtp', recipient: null, detail: '250 ok', at: LATER },
          ],
          nextCursor: null,
        },
      },
    },
    example: { params: ID },
  },
  'GET /v1/messages/:id/content': {
    tag: 'Messages',
    summary: 'What a message says',
    description:
      'Rendered again from the pinned version of the template and its props; `exact` says that this is what was sent, byte for byte.',
    access: ACCESS.reader,
    codes: ['not_found', 'template_render_failed'],
    answers: {
      200: {
        description: 'Subject and bodies.',
        schema: Content,
        example: { subject: 'Welcome, Ada', html: '<p>Welcome, Ada</p>', text: 'Welcome, Ada', exact: true },
      },
    },
    example: { params: ID },
  },
  'PATCH /v1/messages/:id': {
    tag: 'Messages',
    summary: 'Move a scheduled message to another time',
    access: ACCESS.sender,
    codes: ['not_found', 'not_scheduled'],
    answers: { 200: { description: 'The message.', schema: MessageDetail, example: SCHEDULED } },
    example: { params: ID, body: { scheduledAt: AT } },
  },
  'POST /v1/messages/:id/cancel': {
    tag: 'Messages',
    summary: 'Take a message back that waits',
    access: ACCESS.sender,
    codes: ['not_found', 'not_cancelable'],
    answers: {
      200: {
        description: 'The message.',
        schema: MessageDetail,
        example: { ...SCHEDULED, status: 'canceled' },
      },
    },
    example: { params: ID },
  },
  'POST /v1/messages/:id/retry': {
    tag: 'Messages',
    summary: 'Send a message again that failed for good',
    access: ACCESS.senderOrAdmin,
    codes: ['not_found', 'not_retryable'],
    answers: {
      200: {
        description: 'It waits to be sent.',
        schema: Moved,
        example: { messageId: MESSAGE_ID, status: 'queued' },
      },
    },
    example: { params: ID },
  },
  'POST /v1/messages/:id/resolve': {
    tag: 'Messages',
    summary: 'Decide what became of a message whose provider did not answer',
    description:
      'An `unknown` message was handed over and the answer was lost, so that it is never sent again blindly. Whoever knows says here whether it was `sent`, has `failed`, or is to be sent again (`retry`).',
    access: ACCESS.senderOrAdmin,
    codes: ['not_found', 'not_resolvable'],
    answers: {
      200: {
        description: 'The message is in the state that was decided.',
        schema: Moved,
        example: { messageId: MESSAGE_ID, status: 'sent' },
      },
    },
    example: { params: ID, body: { as: 'sent' } },
  },
  'GET /v1/messages/stream': {
    tag: 'Messages',
    summary: 'Follow events as they happen',
    description:
      'Server-sent events without an end, with a heartbeat. After a break send the last `id` as `Last-Event-ID`: nothing is left out. See docs/webhooks.md.',
    access: ACCESS.reader,
    codes: ['too_many_streams'],
    answers: { 200: { description: 'Events, one after another.', contentType: 'text/event-stream' } },
    example: { query: { status: 'delivered' } },
  },
};
