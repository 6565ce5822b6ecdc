import { createSign } from 'node:crypto';
import { parseSnsMessage, toSignedText } from '../../src/lib/providers/sns-message.ts';
import { createTestCertificate, type TestCertificate } from '../../src/lib/providers/test-certificate.ts';

const HOST = 'https://sns.us-east-1.amazonaws.com';

export type SnsFields = Record<string, string | undefined>;

/**
 * Amazon's notification service as this process sees it: it signs with a key of the test's own, and whatever this process fetches from its
 * host is answered here. Nothing leaves the machine.
 */
export type FakeSns = {
  topicArn: string;
  /** What was fetched from its host so far. */
  visited: string[];
  /** Answers all later visits with this status; 200 by default. */
  setStatus(status: number): void;
  /** The body of a callback, with changes to its fields before it is signed. */
  notify(record: unknown, change?: SnsFields, by?: TestCertificate): string;
  /** The body that asks to confirm a subscription. */
  askToConfirm(change?: SnsFields): string;
  stop(): void;
};

/** A record of event publishing, as SES writes it into a notification. */
export function sesRecord(
  eventType: string,
  {
    id,
    messageId = `ses-${crypto.randomUUID()}`,
    to = ['ada@example.net'],
    ...facts
  }: {
    /** Our id, as the tag that the adapter sets. */
    id?: string;
    messageId?: string;
    to?: string[];
    [fact: string]: unknown;
  },
) {
  const timestamp = new Date().toISOString();
  const addressed = to.map((emailAddress) => ({
    emailAddress,
    status: '5.1.1',
    diagnosticCode: 'smtp; 550 gone',
  }));
  const parts: Record<string, unknown> = {
    Delivery: { delivery: { timestamp, recipients: to, smtpResponse: '250 ok' } },
    Bounce: {
      bounce: {
        timestamp,
        feedbackId: `f-${messageId}`,
        bounceType: 'Permanent',
        bounceSubType: 'General',
        bouncedRecipients: addressed,
      },
    },
    Complaint: { complaint: { timestamp, feedbackId: `c-${messageId}`, complainedRecipients: addressed } },
    Reject: { reject: { reason: 'Bad content' } },
  };
  const part = parts[eventType];
  return {
    eventType,
    mail: {
      messageId,
      timestamp,
      destination: to,
      ...(id === undefined ? {} : { tags: { 'mail-message-id': [id] } }),
    },
    ...(typeof part === 'object' ? part : {}),
    ...facts,
  };
}

/** Replaces `fetch` for that host alone, until it is stopped. */
export function startFakeSns(): FakeSns {
  const topicArn = 'arn:aws:sns:us-east-1:123456789012:ses-events';
  const amazon = createTestCertificate({ commonName: 'sns.amazonaws.com' });
  const visited: string[] = [];
  const realFetch = globalThis.fetch;
  let status = 200;
  const fakeFetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const url = input instanceof Request ? input.url : String(input);
    if (!url.includes('amazonaws')) return realFetch(input, init);
    visited.push(url);
    return new Response(status === 200 ? amazon.cert : 'no', { status });
  };
  globalThis.fetch = Object.assign(fakeFetch, { preconnect: realFetch.preconnect });
  const common = () => ({
    MessageId: crypto.randomUUID(),
    TopicArn: topicArn,
    Timestamp: new Date().toISOString(),
    SignatureVersion: '2',
    SigningCertURL: `${HOST}/SimpleNotificationService-0123abc.pem`,
  });
  return {
    topicArn,
    visited,
    setStatus(next) {
      status = next;
    },
    notify: (record, change = {}, by = amazon) =>
      sign({ Type: 'Notification', ...common(), Message: JSON.stringify(record), ...change }, by),
    askToConfirm(change = {}) {
      const Token = 'f'.repeat(64);
      const query = new URLSearchParams({ Action: 'ConfirmSubscription', TopicArn: topicArn, Token });
      const SubscribeURL = `${HOST}/?${query}`;
      const Type = 'SubscriptionConfirmation';
      return sign({ Type, ...common(), Message: 'You have chosen', Token, SubscribeURL, ...change }, amazon);
    },
    stop() {
      globalThis.fetch = realFetch;
    },
  };
}

function sign(fields: SnsFields, { privateKey }: TestCertificate): string {
  const message = parseSnsMessage(JSON.stringify({ ...fields, Signature: 'AAAA' }));
  // What is no message has nothing to sign.
  if (!message) return JSON.stringify({ ...fields, Signature: 'AAAA' });
  const digest = message.SignatureVersion === '1' ? 'RSA-SHA1' : 'RSA-SHA256';
  const Signature = createSign(digest).update(toSignedText(message), 'utf8').sign(privateKey, 'base64');
  return JSON.stringify({ ...fields, Signature });
}
