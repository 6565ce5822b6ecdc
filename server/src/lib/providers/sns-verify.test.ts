import { createSign } from 'node:crypto';
import { describe, expect, test } from 'bun:test';
import { type SnsMessage, snsHostOf, toSignedText } from './sns-message.ts';
import {
  createSnsVerifier,
  type SnsVerdict,
  type SnsVerifierOptions,
  toConfirmationUrl,
} from './sns-verify.ts';
import { createTestCertificate, type TestCertificate } from './test-certificate.ts';

const TOPIC = 'arn:aws:sns:us-east-1:123456789012:ses-events';
const OTHER_TOPIC = 'arn:aws:sns:us-east-1:666666666666:ses-events';
const CERTIFICATE_URL = 'https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123abc.pem';
const NOW = new Date('2026-11-21T12:00:00.000Z');

const amazon = createTestCertificate({ commonName: 'sns.amazonaws.com' });
const stranger = createTestCertificate({ commonName: 'sns.amazonaws.com' });

type Fields = Record<string, unknown>;

const NOTIFICATION: Fields = {
  Type: 'Notification',
  MessageId: '22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324',
  TopicArn: TOPIC,
  Subject: 'Amazon SES Email Event Notification',
  Message: '{"eventType":"Delivery"}\nsecond line ä',
  Timestamp: '2026-11-21T11:59:50.123Z',
  SignatureVersion: '2',
  SigningCertURL: CERTIFICATE_URL,
  UnsubscribeURL: 'https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe',
};

const TOKEN = '2336412f37fb687f5d51e6e2425f004a';
const CONFIRMATION: Fields = {
  ...NOTIFICATION,
  Type: 'SubscriptionConfirmation',
  Subject: undefined,
  Message: 'You have chosen to subscribe to the topic. To confirm, visit the SubscribeURL.',
  Token: TOKEN,
  SubscribeURL: confirmationUrl({}),
};

function confirmationUrl(change: Record<string, string>): string {
  const query = { Action: 'ConfirmSubscription', TopicArn: TOPIC, Token: TOKEN, ...change };
  return `https://sns.us-east-1.amazonaws.com/?${new URLSearchParams(query)}`;
}

/** The fields in the order that Amazon documents, written out a second time so that both have to be right. */
function textToSign(fields: Fields): string {
  const names =
    fields['Type'] === 'Notification'
      ? ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type']
      : ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'];
  return names
    .flatMap((name) =>
      fields[name] === undefined || fields[name] === null ? [] : [`${name}\n${String(fields[name])}\n`],
    )
    .join('');
}

function signatureOf(fields: Fields, { privateKey }: TestCertificate = amazon): string {
  const digest = fields['SignatureVersion'] === '1' ? 'RSA-SHA1' : 'RSA-SHA256';
  return createSign(digest).update(textToSign(fields)).sign(privateKey, 'base64');
}

function signed(fields: Fields = NOTIFICATION, by: TestCertificate = amazon): Fields {
  return { ...fields, Signature: signatureOf(fields, by) };
}

function createVerifier(change: Partial<SnsVerifierOptions> = {}) {
  return createSnsVerifier({
    topicArns: [TOPIC],
    fetchCertificate: async () => amazon.cert,
    now: () => NOW,
    ...change,
  });
}

async function judge(fields: Fields, change: Partial<SnsVerifierOptions> = {}): Promise<string> {
  return toCode(await createVerifier(change).verify(JSON.stringify(fields)));
}

function toCode(verdict: SnsVerdict): string {
  return verdict.ok ? 'ok' : verdict.code;
}

async function verified(fields: Fields): Promise<SnsMessage> {
  const verdict = await createVerifier().verify(JSON.stringify(signed(fields)));
  if (!verdict.ok) throw new Error(verdict.code);
  return verdict.message;
}

describe('a genuine message', () => {
  test.each([
    ['notification, version 1', { ...NOTIFICATION, SignatureVersion: '1' }],
    ['notification, version 2', NOTIFICATION],
    ['notification without a subject', { ...NOTIFICATION, Subject: undefined }],
    ['notification with a null subject', { ...NOTIFICATION, Subject: null }],
    ['confirmation', CONFIRMATION],
    ['confirmation, version 1', { ...CONFIRMATION, SignatureVersion: '1' }],
    ['unsubscription', { ...CONFIRMATION, Type: 'UnsubscribeConfirmation' }],
  ])('%s', async (_, fields) => {
    expect(await judge(signed(fields))).toBe('ok');
  });

  test('is handed on as it was signed', async () => {
    expect(await verified(NOTIFICATION)).toMatchObject({ Message: NOTIFICATION['Message'] });
    expect(toSignedText(await verified(NOTIFICATION))).toBe(textToSign(NOTIFICATION));
  });

  test('of China and of the government regions', async () => {
    expect(snsHostOf('arn:aws-cn:sns:cn-north-1:123456789012:t')).toBe('sns.cn-north-1.amazonaws.com.cn');
    expect(snsHostOf('arn:aws-us-gov:sns:us-gov-west-1:123456789012:t')).toBe(
      'sns.us-gov-west-1.amazonaws.com',
    );
  });

  test('again is the same: what it says is known by its own id', async () => {
    const verifier = createVerifier();
    const body = JSON.stringify(signed());
    expect([toCode(await verifier.verify(body)), toCode(await verifier.verify(body))]).toEqual(['ok', 'ok']);
  });
});

describe('a forgery', () => {
  test('signed by somebody else', async () => {
    expect(await judge(signed(NOTIFICATION, stranger))).toBe('bad_signature');
  });

  test.each([
    ['Message', '{"eventType":"Bounce"}'],
    ['MessageId', '22b80b92-fdea-4c2c-8f9d-bdfb0c7bf325'],
    ['Subject', 'Other'],
    ['Subject', undefined],
    ['Timestamp', '2026-11-21T11:59:59.000Z'],
    ['Type', 'UnsubscribeConfirmation'],
  ])('with another %s (%j)', async (name, value) => {
    const fields = { ...CONFIRMATION, ...signed(), [name]: value };
    expect(await judge(fields)).toBe('bad_signature');
  });

  test.each(['Token', 'SubscribeURL'])('confirmation with another %s', async (name) => {
    expect(await judge({ ...signed(CONFIRMATION), [name]: 'https://evil.example/' })).toBe('bad_signature');
  });

  test('for another allowed topic', async () => {
    const topicArns = [TOPIC, `${TOPIC}-2`];
    expect(await judge({ ...signed(), TopicArn: `${TOPIC}-2` }, { topicArns })).toBe('bad_signature');
  });

  test('genuine, but of a topic that is not ours: anybody may have one', async () => {
    expect(await judge(signed({ ...NOTIFICATION, TopicArn: OTHER_TOPIC }))).toBe('unknown_topic');
  });

  test.each([
    ['1', '2'],
    ['2', '1'],
  ])('signed as version %s and told to be version %s', async (signedAs, toldAs) => {
    const fields = signed({ ...NOTIFICATION, SignatureVersion: signedAs });
    expect(await judge({ ...fields, SignatureVersion: toldAs })).toBe('bad_signature');
  });

  test.each(['3', '', null, 2, undefined])('with signature version %j', async (version) => {
    expect(await judge({ ...signed(), SignatureVersion: version })).toBe('malformed');
  });

  test('whose fields hold line ends, to pass for others', async () => {
    const MessageId = `${String(NOTIFICATION['MessageId'])}\nSubject\nx`;
    expect(await judge(signed({ ...NOTIFICATION, MessageId }))).toBe('malformed');
    expect(await judge(signed({ ...NOTIFICATION, Subject: 'a\nTimestamp\nb' }))).toBe('malformed');
    expect(await judge(signed({ ...NOTIFICATION, Timestamp: '2026-11-21T11:59:50Z\nx' }))).toBe('malformed');
  });

  test.each(['', 'null', '[]', '{', '"x"', '{"Type":"Notification"}', 'Raw delivery has no envelope'])(
    'that is no message: %j',
    async (body) => {
      expect(toCode(await createVerifier().verify(body))).toBe('malformed');
    },
  );

  test.each(['', 'AAAA', 'not base64!', 'A'.repeat(5000)])('with the signature %j', async (Signature) => {
    expect(['malformed', 'bad_signature']).toContain(await judge({ ...signed(), Signature }));
  });
});

describe('time', () => {
  test.each([
    ['2026-11-21T09:59:59.000Z', 'stale'],
    ['2026-11-21T10:00:01.000Z', 'ok'],
    ['2026-11-21T12:04:59.000Z', 'ok'],
    ['2026-11-21T12:05:01.000Z', 'stale'],
    ['2026-13-41T12:00:00.000Z', 'stale'],
    ['yesterday', 'malformed'],
  ])('a message of %s is %s', async (Timestamp, code) => {
    expect(await judge(signed({ ...NOTIFICATION, Timestamp }))).toBe(code);
  });

  test('a certificate has to be valid now', async () => {
    const ended = createTestCertificate({ notAfter: new Date('2026-11-21T11:00:00Z') });
    const coming = createTestCertificate({ notBefore: new Date('2026-11-21T13:00:00Z') });
    for (const by of [ended, coming]) {
      const fetchCertificate = async () => by.cert;
      expect(await judge(signed(NOTIFICATION, by), { fetchCertificate })).toBe('bad_certificate');
    }
  });
});

describe('the address of the certificate', () => {
  test.each([
    'https://sns.us-east-1.amazonaws.com.evil.com/SimpleNotificationService-1.pem',
    'https://evil.com/sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem',
    'https://sns.us-east-1.amazonaws.com@evil.com/SimpleNotificationService-1.pem',
    'https://user@sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem',
    'https://evil.com#sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem',
    'https://evil.com\\@sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem',
    'https://sns.us-east-1.amazonaws.com:8443/SimpleNotificationService-1.pem',
    'https://xsns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem',
    'https://sns.us-east-1.amazonaws.com./SimpleNotificationService-1.pem',
    'https://sns.s3.amazonaws.com/SimpleNotificationService-1.pem',
    'https://sns.s3-us-east-1.amazonaws.com/SimpleNotificationService-1.pem',
    'https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem',
    'https://sns.us-east-1.amazonaws.com.cn/SimpleNotificationService-1.pem',
    'http://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem',
    'ftp://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem',
    'file:///etc/ssl/SimpleNotificationService-1.pem',
    'https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem?x=1',
    'https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem#x',
    'https://sns.us-east-1.amazonaws.com/x/../../SimpleNotificationService-1.pem/y',
    'https://sns.us-east-1.amazonaws.com/?Action=Publish&x=SimpleNotificationService-1.pem',
    'https://127.0.0.1/SimpleNotificationService-1.pem',
    'SimpleNotificationService-1.pem',
    '',
  ])('%s is not visited', async (SigningCertURL) => {
    let visits = 0;
    const fetchCertificate = async () => {
      visits += 1;
      return stranger.cert;
    };
    const fields = signed({ ...NOTIFICATION, SigningCertURL }, stranger);
    expect(await judge(fields, { fetchCertificate })).toBe('bad_certificate_url');
    expect(visits).toBe(0);
  });

  test('is not visited for a message of another topic, an old or a malformed one', async () => {
    const visited: string[] = [];
    const fetchCertificate = async (url: string) => {
      visited.push(url);
      return amazon.cert;
    };
    const old = '2025-11-21T12:00:00Z';
    const messages = [
      signed({ ...NOTIFICATION, TopicArn: OTHER_TOPIC }),
      signed({ ...NOTIFICATION, Timestamp: old }),
      {},
    ];
    for (const fields of messages) await judge(fields, { fetchCertificate });
    expect(visited).toEqual([]);
    await judge(signed(), { fetchCertificate });
    expect(visited).toEqual([CERTIFICATE_URL]);
  });
});

describe('certificates', () => {
  function counting(answer: () => Promise<string>) {
    const urls: string[] = [];
    return {
      urls,
      fetchCertificate: (url: string) => {
        urls.push(url);
        return answer();
      },
    };
  }

  test('are asked for once, however many messages wait, and again after a day', async () => {
    const source = counting(async () => amazon.cert);
    let now = NOW;
    const verifier = createVerifier({ ...source, now: () => now });
    const body = JSON.stringify(signed());
    const verdicts = await Promise.all(Array.from({ length: 20 }, () => verifier.verify(body)));
    expect(verdicts.every(({ ok }) => ok)).toBe(true);
    expect(source.urls).toHaveLength(1);
    now = new Date(NOW.getTime() + 24 * 3_600_000 + 1);
    const later = signed({ ...NOTIFICATION, Timestamp: now.toISOString() });
    expect(toCode(await verifier.verify(JSON.stringify(later)))).toBe('ok');
    expect(source.urls).toHaveLength(2);
  });

  test('that cannot be had are a reason to try again, and are left alone for a minute', async () => {
    let isUp = false;
    const source = counting(async () => (isUp ? amazon.cert : Promise.reject(new Error('down'))));
    let now = NOW;
    const verifier = createVerifier({ ...source, now: () => now });
    const body = JSON.stringify(signed());
    expect(toCode(await verifier.verify(body))).toBe('certificate_unavailable');
    isUp = true;
    expect(toCode(await verifier.verify(body))).toBe('certificate_unavailable');
    expect(source.urls).toHaveLength(1);
    now = new Date(NOW.getTime() + 60_001);
    expect(toCode(await verifier.verify(body))).toBe('ok');
  });

  test('that are none are a reason to try again', async () => {
    expect(await judge(signed(), { fetchCertificate: async () => '<html>' })).toBe('certificate_unavailable');
  });

  test('are not pushed out by made-up addresses, of which few are asked for at once', async () => {
    const held = Promise.withResolvers<string>();
    const source = counting(async () => amazon.cert);
    const verifier = createVerifier({
      fetchCertificate: (url) => (url === CERTIFICATE_URL ? source.fetchCertificate(url) : held.promise),
    });
    const body = JSON.stringify(signed());
    await verifier.verify(body);
    const forge = (index: number) => {
      const SigningCertURL = CERTIFICATE_URL.replace('0123abc', `forged${index}`);
      return verifier.verify(JSON.stringify(signed({ ...NOTIFICATION, SigningCertURL }, stranger)));
    };
    const forged = Array.from({ length: 100 }, (_, index) => forge(index));
    expect(toCode(await verifier.verify(body))).toBe('ok');
    held.reject(new Error('404'));
    expect(new Set((await Promise.all(forged)).map(toCode))).toEqual(new Set(['certificate_unavailable']));
    for (let index = 100; index < 200; index += 1) await forge(index);
    expect(toCode(await verifier.verify(body))).toBe('ok');
    expect(source.urls).toHaveLength(1);
  });
});

describe('confirming a subscription', () => {
  test('leads to the confirmation of that topic', async () => {
    expect(toConfirmationUrl(await verified(CONFIRMATION))).toBe(confirmationUrl({}));
  });

  test('is for confirmations only', async () => {
    expect(toConfirmationUrl(await verified(NOTIFICATION))).toBeNull();
    expect(
      toConfirmationUrl(await verified({ ...CONFIRMATION, Type: 'UnsubscribeConfirmation' })),
    ).toBeNull();
  });

  test.each([
    'https://evil.com/?Action=ConfirmSubscription',
    'http://169.254.169.254/latest/meta-data/',
    confirmationUrl({}).replace('amazonaws.com', 'amazonaws.com.evil.com'),
    confirmationUrl({}).replace('https:', 'http:'),
    confirmationUrl({}).replace('us-east-1.', 'eu-west-1.'),
    confirmationUrl({}).replace('.com/', '.com/x'),
    confirmationUrl({ Action: 'DeleteTopic' }),
    confirmationUrl({ TopicArn: OTHER_TOPIC }),
    confirmationUrl({ Token: 'other' }),
    confirmationUrl({ Extra: 'x' }),
    `${confirmationUrl({})}&Action=DeleteTopic`,
  ])('does not lead to %s', async (SubscribeURL) => {
    expect(toConfirmationUrl(await verified({ ...CONFIRMATION, SubscribeURL }))).toBeNull();
  });
});
