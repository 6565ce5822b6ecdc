import { Type } from '@sinclair/typebox';
import {
  DeadLetter,
  DeadLetterDetail,
  InboxEntry,
  InboxMail,
  InboxMark,
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
  from: 'Shop <shop@example.com>',
  subject: 'Welcome',
  template: null,
  status: 'delivered',
  preview: 'Welcome, Ada.',
  isRead: false,
  sizeBytes: 512,
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
    summary: 'List kept mail, or search it',
    description:
      'Newest first. A page of a search may be shorter than its limit although `nextCursor` says that there is more: each looks through a bounded number of mails.',
    access: ACCESS.reader,
    answers: {
      200: {
        description: 'A page of mail of the client and mode of the key.',
        schema: pageOf(InboxEntry),
        example: { data: [ENTRY], nextCursor: null },
      },
    },
    example: { query: { limit: '20', search: 'to:ada subject:welcome' } },
  },
  'DELETE /v1/inbox': {
    tag: 'Inbox',
    summary: 'Empty the inbox',
    description: 'The messages stay; what was kept of them goes.',
    access: ACCESS.sender,
    answers: {
      200: {
        description: 'How many are gone.',
        schema: walked('removed'),
        example: { removed: 3, hasMore: false },
      },
    },
    example: {},
  },
  'GET /v1/inbox/:id': {
    tag: 'Inbox',
    summary: 'Look at a kept mail',
    access: ACCESS.reader,
    codes: ['not_found'],
    answers: {
      200: {
        description: 'The mail as it would have been sent, taken apart and as it is.',
        schema: InboxMail,
        example: {
          ...ENTRY,
          headers: [{ name: 'Subject', value: 'Welcome' }],
          html: null,
          text: 'Welcome, Ada.\n',
          attachments: [
            {
              index: 0,
              filename: 'terms.pdf',
              contentType: 'application/pdf',
              contentId: null,
              isInline: false,
              sizeBytes: 204_800,
            },
          ],
          mime: 'Subject: Welcome\r\n\r\nWelcome, Ada.\r\n',
        },
      },
    },
    example: { params: ID },
  },
  'PATCH /v1/inbox/:id': {
    tag: 'Inbox',
    summary: 'Mark a kept mail as read or unread',
    access: ACCESS.reader,
    codes: ['not_found'],
    answers: {
      200: { description: 'It is marked.', schema: InboxMark, example: { id: MESSAGE_ID, isRead: true } },
    },
    example: { params: ID, body: { isRead: true } },
  },
  'DELETE /v1/inbox/:id': {
    tag: 'Inbox',
    summary: 'Remove a kept mail',
    description: 'The message stays; what was kept of it goes.',
    access: ACCESS.sender,
    codes: ['not_found'],
    answers: { 204: { description: 'It is gone.' } },
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
  'GET /v1/inbox/:id/attachments/:index': {
    tag: 'Inbox',
    summary: 'Download an attachment of a kept mail',
    access: ACCESS.reader,
    codes: ['not_found'],
    answers: {
      200: { description: 'The bytes of the attachment.', contentType: 'application/octet-stream' },
    },
    example: { params: { ...ID, index: '0' } },
  },
};
