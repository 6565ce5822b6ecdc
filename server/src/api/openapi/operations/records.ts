import { Type } from '@sinclair/typebox';
import {
  DeadLetter,
  DeadLetterDetail,
  InboxEntry,
  InboxMail,
  Moved,
  pageOf,
  Suppression,
} from '../answers.ts';
import { AT, CLIENT_ID, LATER, MESSAGE_ID, SUPPRESSION_ID } from '../example-values.ts';
import { ACCESS, type Operations } from '../operation.ts';

const ID = { id: MESSAGE_ID };
const STRICT = { additionalProperties: false } as const;

const SUPPRESSION = {
  id: SUPPRESSION_ID,
  email: 'gone@example.net',
  reason: 'manual',
  messageId: null,
  createdAt: AT,
};

const LETTER = {
  messageId: MESSAGE_ID,
  clientId: CLIENT_ID,
  template: null,
  provider: 'smtp',
  reason: '550 no such user',
  attempts: 20,
  recipient: 'gone@example.net',
  subject: 'Welcome',
  createdAt: AT,
};

const HISTORY = [
  { type: 'failed', attempt: 20, provider: 'smtp', recipient: null, detail: '550 no such user', at: LATER },
];

const ENTRY = {
  id: MESSAGE_ID,
  envelope: { from: 'shop@example.com', to: ['ada@example.net'] },
  receivedAt: AT,
};

const walked = (name: string) =>
  Type.Object(
    {
      [name]: Type.Integer({ minimum: 0 }),
      hasMore: Type.Boolean({ description: 'ask again: there was more than one request does' }),
    },
    STRICT,
  );

const Tally = {
  total: Type.Integer({ minimum: 0 }),
  byStatus: Type.Record(Type.String(), Type.Integer({ minimum: 0 }), { description: 'only what there is' }),
};

const Nullable = Type.Union([Type.String(), Type.Null()]);

const Stats = Type.Object(
  {
    mode: Type.Union([Type.Literal('live'), Type.Literal('test')]),
    since: Type.String({ format: 'date-time' }),
    until: Type.String({ format: 'date-time' }),
    bucket: Type.Union([Type.Literal('hour'), Type.Literal('day')]),
    ...Tally,
    byTemplate: Type.Array(Type.Object({ template: Nullable, ...Tally }, STRICT)),
    byProvider: Type.Array(Type.Object({ provider: Nullable, ...Tally }, STRICT)),
    buckets: Type.Array(Type.Object({ at: Type.String({ format: 'date-time' }), ...Tally }, STRICT)),
  },
  STRICT,
);

const TALLY = { total: 1, byStatus: { delivered: 1 } };

export const RECORD_OPERATIONS: Operations = {
  'GET /v1/stats': {
    tag: 'Messages',
    summary: 'Count messages by status, template, provider and time',
    access: ACCESS.readerOrAdmin,
    answers: {
      200: {
        description: 'Counts of what was accepted between the times.',
        schema: Stats,
        example: {
          mode: 'live',
          since: AT,
          until: LATER,
          bucket: 'hour',
          ...TALLY,
          byTemplate: [{ template: 'welcome', ...TALLY }],
          byProvider: [{ provider: 'smtp', ...TALLY }],
          buckets: [{ at: AT, ...TALLY }],
        },
      },
    },
    example: { query: { bucket: 'day' } },
  },
  'GET /v1/suppressions': {
    tag: 'Suppressions',
    summary: 'List suppressed addresses',
    access: ACCESS.liveReader,
    answers: {
      200: {
        description: 'A page of addresses.',
        schema: pageOf(Suppression),
        example: { data: [SUPPRESSION], nextCursor: null },
      },
    },
    example: { query: { reason: 'manual' } },
  },
  'POST /v1/suppressions': {
    tag: 'Suppressions',
    summary: 'Suppress an address',
    access: ACCESS.liveSender,
    answers: {
      200: { description: 'It was on the list already.', schema: Suppression, example: SUPPRESSION },
      201: { description: 'It is on the list now.', schema: Suppression, example: SUPPRESSION },
    },
    example: { body: { email: 'gone@example.net' } },
  },
  'DELETE /v1/suppressions/:id': {
    tag: 'Suppressions',
    summary: 'Take an address off the list',
    description: 'By the id of the entry, or by the address itself.',
    access: ACCESS.liveSender,
    codes: ['not_found', 'invalid_request'],
    answers: { 204: { description: 'It is not on the list any more.' } },
    example: { params: { id: SUPPRESSION_ID } },
  },
  'GET /v1/dead-letters': {
    tag: 'Dead letters',
    summary: 'List what was given up',
    access: ACCESS.readerOrAdmin,
    answers: {
      200: {
        description: "A page of letters; an admin's key sees those of every client.",
        schema: pageOf(DeadLetter),
        example: { data: [LETTER], nextCursor: null },
      },
    },
    example: { query: { reason: 'no such user' } },
  },
  'GET /v1/dead-letters/:id': {
    tag: 'Dead letters',
    summary: 'Look at a letter, with the history of its message',
    access: ACCESS.readerOrAdmin,
    codes: ['not_found'],
    answers: {
      200: { description: 'The letter.', schema: DeadLetterDetail, example: { ...LETTER, history: HISTORY } },
    },
    example: { params: ID },
  },
  'DELETE /v1/dead-letters/:id': {
    tag: 'Dead letters',
    summary: 'Discard a letter',
    description: 'The message itself stays, and stays failed.',
    access: ACCESS.senderOrAdmin,
    codes: ['not_found'],
    answers: { 204: { description: 'It is gone.' } },
    example: { params: ID },
  },
  'POST /v1/dead-letters/:id/retry': {
    tag: 'Dead letters',
    summary: 'Send the message of a letter again',
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
  'POST /v1/dead-letters/retry': {
    tag: 'Dead letters',
    summary: 'Send again whatever fits a filter',
    description: 'An empty object means every letter that the key sees.',
    access: ACCESS.senderOrAdmin,
    answers: {
      200: {
        description: 'How many wait to be sent.',
        schema: walked('retried'),
        example: { retried: 3, hasMore: false },
      },
    },
    example: { body: { reason: 'no such user' } },
  },
  'POST /v1/dead-letters/discard': {
    tag: 'Dead letters',
    summary: 'Discard whatever fits a filter',
    description: 'An empty object means every letter that the key sees.',
    access: ACCESS.senderOrAdmin,
    answers: {
      200: {
        description: 'How many are gone.',
        schema: walked('discarded'),
        example: { discarded: 3, hasMore: false },
      },
    },
    example: { body: { reason: 'no such user' } },
  },
  'GET /v1/inbox': {
    tag: 'Inbox',
    summary: 'List kept mail',
    access: ACCESS.reader,
    answers: {
      200: {
        description: 'A page of mail of the client and mode of the key.',
        schema: pageOf(InboxEntry),
        example: { data: [{ ...ENTRY, subject: 'Welcome' }], nextCursor: null },
      },
    },
    example: { query: { limit: '20' } },
  },
  'GET /v1/inbox/:id': {
    tag: 'Inbox',
    summary: 'Look at a kept mail',
    access: ACCESS.reader,
    codes: ['not_found'],
    answers: {
      200: {
        description: 'The mail as it would have been sent.',
        schema: InboxMail,
        example: { ...ENTRY, mime: 'Subject: Welcome\r\n\r\nWelcome\r\n' },
      },
    },
    example: { params: ID },
  },
  'GET /v1/inbox/:id/raw': {
    tag: 'Inbox',
    summary: 'Download a kept mail',
    access: ACCESS.reader,
    codes: ['not_found'],
    answers: { 200: { description: 'The bytes of the mail.', contentType: 'message/rfc822' } },
    example: { params: ID },
  },
};
