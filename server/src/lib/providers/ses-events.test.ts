import { describe, expect, test } from 'bun:test';
import type { ProviderEvent } from './provider-event.ts';
import { parseSesEvents } from './ses-events.ts';

const ID = '01890a5d-ac96-774b-bcce-b302099a8057';
const SES_ID = '0100017c191be45-e9aedb9a-02f9-4d12-a87d-dd0099a07f8a-000000';

const MAIL = {
  timestamp: '2026-11-20T00:40:02.012Z',
  source: 'Acme <mail@acme.example>',
  sendingAccountId: '123456789012',
  messageId: SES_ID,
  destination: ['ada@example.com'],
  headersTruncated: false,
  headers: [{ name: 'From', value: 'Acme <mail@acme.example>' }],
  commonHeaders: { subject: 'Hello' },
  tags: { 'ses:configuration-set': ['events'], 'mail-message-id': [ID] },
};

function parse(record: unknown): readonly ProviderEvent[] | null {
  return parseSesEvents(JSON.stringify(record), { provider: 'ses-main' });
}

function only(record: unknown): ProviderEvent {
  const events = parse(record);
  const [event] = events ?? [];
  if (events?.length !== 1 || !event) throw new Error(`got ${JSON.stringify(events)}`);
  return event;
}

function bounce(change: object = {}, recipients: object[] = [{ emailAddress: 'ada@example.com' }]) {
  return {
    eventType: 'Bounce',
    mail: MAIL,
    bounce: {
      bounceType: 'Permanent',
      bounceSubType: 'General',
      bouncedRecipients: recipients,
      timestamp: '2026-11-20T00:41:02.669Z',
      feedbackId: '01000157c44f053b-61b59c11-9236-11e6-8f96-7be8aexample-000000',
      reportingMTA: 'dsn; mta.example.com',
      ...change,
    },
  };
}

function complaint(change: object = {}) {
  return {
    eventType: 'Complaint',
    mail: MAIL,
    complaint: {
      complainedRecipients: [{ emailAddress: 'ada@example.com' }],
      timestamp: '2026-11-20T00:41:02.669Z',
      feedbackId: 'f-1',
      complaintFeedbackType: 'abuse',
      ...change,
    },
  };
}

const delay = {
  eventType: 'DeliveryDelay',
  mail: MAIL,
  deliveryDelay: {
    timestamp: '2026-11-20T00:41:02.669Z',
    delayType: 'TransientCommunicationFailure',
    expirationTime: '2026-11-20T14:40:02.012Z',
    delayedRecipients: [
      { emailAddress: 'ada@example.com', status: '4.4.1', diagnosticCode: 'smtp; 421 4.4.1 timed out' },
    ],
  },
};

const open = {
  eventType: 'Open',
  mail: MAIL,
  open: { ipAddress: '192.0.2.1', timestamp: '2026-11-20T22:00:19.652Z', userAgent: 'Mozilla/5.0' },
};

const click = {
  eventType: 'Click',
  mail: MAIL,
  click: {
    timestamp: '2026-11-20T23:50:25.570Z',
    link: 'https://acme.example/a',
    linkTags: { samplekey: ['value'] },
  },
};

describe('event publishing', () => {
  test('a delivery names our message, the recipient, the time and the words of the server', () => {
    expect(
      only({
        eventType: 'Delivery',
        mail: MAIL,
        delivery: {
          timestamp: '2026-11-20T00:41:02.669Z',
          processingTimeMillis: 111,
          recipients: ['ada@example.com'],
          smtpResponse: '250 2.6.0 Message received',
          reportingMTA: 'mta.example.com',
        },
      }),
    ).toEqual({
      providerEventId: expect.stringMatching(/^ses_[\da-f]{40}$/),
      provider: 'ses-main',
      providerMessageId: SES_ID,
      messageId: ID,
      type: 'delivered',
      recipient: 'ada@example.com',
      occurredAt: new Date('2026-11-20T00:41:02.669Z'),
      detail: '250 2.6.0 Message received',
    });
  });

  test('an acceptance is one event a recipient', () => {
    const mail = { ...MAIL, destination: ['ada@example.com', 'Bob <bob@example.com>'] };
    expect(parse({ eventType: 'Send', mail, send: {} })).toMatchObject([
      { type: 'sent', recipient: 'ada@example.com', occurredAt: new Date(MAIL.timestamp) },
      { type: 'sent', recipient: 'bob@example.com' },
    ]);
  });

  test.each([
    ['Permanent', 'bounced_hard'],
    ['Transient', 'bounced_soft'],
    ['Undetermined', 'bounced_soft'],
  ])('a bounce that is %s is %s', (bounceType, type) => {
    const recipient = {
      emailAddress: 'ada@example.com',
      action: 'failed',
      status: '5.1.1',
      diagnosticCode: 'smtp; 550 5.1.1 user unknown',
    };
    expect(only(bounce({ bounceType, bounceSubType: 'NoEmail' }, [recipient]))).toMatchObject({
      type,
      recipient: 'ada@example.com',
      detail: `${bounceType}/NoEmail 5.1.1 smtp; 550 5.1.1 user unknown`,
    });
  });

  test('a complaint is spam, but not the one that says it is none', () => {
    expect(only(complaint())).toMatchObject({ type: 'spam', recipient: 'ada@example.com', detail: 'abuse' });
    expect(only(complaint({ complaintFeedbackType: undefined }))).toMatchObject({ type: 'spam' });
    expect(parse(complaint({ complaintFeedbackType: 'not-spam' }))).toEqual([]);
  });

  test('a complaint of the past that kept the mail back is a rejection', () => {
    const past = { complaintSubType: 'OnAccountSuppressionList', complaintFeedbackType: null };
    expect(only(complaint(past))).toMatchObject({ type: 'rejected' });
  });

  test('a rejection and a failed rendering are about every recipient', () => {
    const mail = { ...MAIL, destination: ['a@example.com', 'b@example.com'] };
    expect(parse({ eventType: 'Reject', mail, reject: { reason: 'Bad content' } })).toMatchObject([
      { type: 'rejected', recipient: 'a@example.com', detail: 'Bad content' },
      { type: 'rejected', recipient: 'b@example.com' },
    ]);
    const failure = { errorMessage: 'Attribute is missing', templateName: 't' };
    expect(only({ eventType: 'Rendering Failure', mail: MAIL, failure })).toMatchObject({
      type: 'rejected',
      detail: 'Attribute is missing',
    });
  });

  test('a delay is deferred, each time anew', () => {
    expect(only(delay)).toMatchObject({
      type: 'deferred',
      detail: 'TransientCommunicationFailure 4.4.1 smtp; 421 4.4.1 timed out',
    });
    const later = { ...delay.deliveryDelay, timestamp: '2026-11-20T01:41:02.669Z' };
    expect(only({ ...delay, deliveryDelay: later }).providerEventId).not.toBe(only(delay).providerEventId);
  });

  test('opens and clicks are the recipient, where there is but one', () => {
    expect(only(open)).toMatchObject({ type: 'opened', recipient: 'ada@example.com', detail: 'Mozilla/5.0' });
    expect(only(click)).toMatchObject({ type: 'clicked', detail: 'https://acme.example/a' });
    const mail = { ...MAIL, destination: ['a@example.com', 'b@example.com'] };
    expect(only({ ...open, mail })).toMatchObject({ recipient: null });
  });

  test('leaving a list is unsubscribed, joining one is nothing', () => {
    const subscription = (newTopicPreferences: object) => ({
      eventType: 'Subscription',
      mail: MAIL,
      subscription: {
        contactList: 'List',
        timestamp: '2026-11-20T01:00:17.910Z',
        source: 'UnsubscribeHeader',
        newTopicPreferences,
        oldTopicPreferences: { unsubscribeAll: false },
      },
    });
    const topic = (subscriptionStatus: string) => ({
      unsubscribeAll: false,
      topicSubscriptionStatus: [{ topicName: 'news', subscriptionStatus }],
    });
    expect(only(subscription({ unsubscribeAll: true }))).toMatchObject({
      type: 'unsubscribed',
      detail: 'List all topics',
    });
    expect(only(subscription(topic('OptOut')))).toMatchObject({ detail: 'List topics news' });
    expect(parse(subscription(topic('OptIn')))).toEqual([]);
  });
});

describe('notifications of an identity', () => {
  test('have another name for the type, and no tags', () => {
    const { eventType: notificationType, ...rest } = bounce();
    const { tags: _, ...mail } = MAIL;
    const headers = [...mail.headers, { name: 'X-Mail-Message-Id', value: ID }];
    expect(only({ ...rest, notificationType, mail: { ...mail, headers } })).toMatchObject({
      type: 'bounced_hard',
      messageId: ID,
    });
    expect(only({ ...rest, notificationType, mail })).toMatchObject({ messageId: null });
    expect(
      only({ notificationType: 'Delivery', mail, delivery: { recipients: ['ada@example.com'] } }),
    ).toMatchObject({ type: 'delivered', occurredAt: new Date(MAIL.timestamp) });
  });

  test('of the same bounce as an event have the same id', () => {
    const { eventType: notificationType, ...rest } = bounce();
    expect(only({ ...rest, notificationType }).providerEventId).toBe(only(bounce()).providerEventId);
  });
});

describe('the id of an event', () => {
  const two = [{ emailAddress: 'a@example.com' }, { emailAddress: 'b@example.com' }];

  test('is the same each time it is told, and different for each recipient', () => {
    const ids = (parse(bounce({}, two)) ?? []).map(({ providerEventId }) => providerEventId);
    expect(new Set(ids).size).toBe(2);
    expect((parse(bounce({}, two)) ?? []).map(({ providerEventId }) => providerEventId)).toEqual(ids);
  });

  test('differs between types, messages, and links clicked in one moment', () => {
    const other = { ...MAIL, messageId: 'other' };
    const elsewhere = { ...click, click: { ...click.click, link: 'https://acme.example/b' } };
    const records = [bounce(), complaint(), delay, open, click, elsewhere, { ...bounce(), mail: other }];
    expect(new Set(records.map((record) => only(record).providerEventId)).size).toBe(records.length);
  });
});

describe('our id', () => {
  test.each([
    ["x'; DROP TABLE", null],
    ['', null],
    [ID.toUpperCase(), ID],
  ])('%j is %j', (value, expected) => {
    const mail = { ...MAIL, tags: { 'mail-message-id': [value] } };
    expect(only({ ...bounce(), mail }).messageId).toBe(expected);
  });
});

describe('what is no record of SES', () => {
  test.each([
    'Successfully validated SNS topic for Amazon SES event publishing.',
    '',
    'null',
    '[]',
    '{}',
    '{"eventType":"Bounce"}',
    '{"eventType":"Bounce","mail":{"messageId":7}}',
    JSON.stringify({ eventType: 'Send', mail: { messageId: 'x', timestamp: 'yesterday' } }),
    JSON.stringify({
      eventType: 'Bounce',
      mail: MAIL,
      bounce: { bounceType: 'Permanent', bouncedRecipients: 'all' },
    }),
  ])('%j is null', (text) => {
    expect(parseSesEvents(text, { provider: 'ses' })).toBeNull();
  });

  test('an unknown type is nothing, so that a new one of theirs breaks nothing', () => {
    expect(parse({ eventType: 'Teleported', mail: MAIL })).toEqual([]);
    expect(parse({ eventType: 'Bounce', mail: MAIL })).toEqual([]);
  });

  test('long words are cut to one line', () => {
    const { detail } = only(
      bounce({}, [{ emailAddress: 'a@example.com', diagnosticCode: 'x\r\n'.repeat(9000) }]),
    );
    expect(detail.length).toBeLessThanOrEqual(300);
    expect(detail).not.toContain('\n');
  });
});
