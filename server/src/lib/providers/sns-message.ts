import { Type, type Static } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';

const MESSAGE_ID = Type.String({ pattern: '^[0-9a-fA-F-]{1,64}$' });
const TIMESTAMP = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,9})?Z$' });
const ONE_LINE = '^[^\\r\\n]{1,2000}$';

/**
 * What is signed is a list of names and values with nothing but line ends between them, so that a value which held one
 * could pass for other fields. Only Message may hold any: every other field is held to a form without.
 */
const SIGNED = {
  MessageId: MESSAGE_ID,
  TopicArn: Type.String({
    pattern: '^arn:aws[a-z-]*:sns:[a-z0-9-]+:\\d{12}:[A-Za-z0-9_-]{1,256}(\\.fifo)?$',
  }),
  Message: Type.String({ maxLength: 300_000 }),
  Timestamp: TIMESTAMP,
  SignatureVersion: Type.Union([Type.Literal('1'), Type.Literal('2')]),
  Signature: Type.String({ pattern: '^[A-Za-z0-9+/]{1,1500}={0,2}$' }),
  SigningCertURL: Type.String({ maxLength: 500 }),
};

const CONFIRMATION = {
  SubscribeURL: Type.String({ pattern: ONE_LINE }),
  Token: Type.String({ pattern: ONE_LINE }),
};

const SnsMessageSchema = Type.Union([
  Type.Object({
    Type: Type.Literal('Notification'),
    Subject: Type.Optional(Type.Union([Type.String({ pattern: '^[^\\r\\n]{0,200}$' }), Type.Null()])),
    ...SIGNED,
  }),
  Type.Object({ Type: Type.Literal('SubscriptionConfirmation'), ...CONFIRMATION, ...SIGNED }),
  Type.Object({ Type: Type.Literal('UnsubscribeConfirmation'), ...CONFIRMATION, ...SIGNED }),
]);

/** A message of Amazon's notification service as it arrives; nothing in it is true before its signature is verified. */
export type SnsMessage = Static<typeof SnsMessageSchema>;

/** Reads the body of a callback; null where it is no message of the service's. */
export function parseSnsMessage(body: string): SnsMessage | null {
  try {
    const value: unknown = JSON.parse(body);
    return Value.Check(SnsMessageSchema, value) ? value : null;
  } catch {
    return null;
  }
}

/**
 * What the signature is over: names and values in the order of the alphabet, each on a line of its own.
 *
 * @see https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
 */
export function toSignedText(message: SnsMessage): string {
  const { Message, MessageId, Timestamp, TopicArn, Type: type } = message;
  const own =
    message.Type === 'Notification'
      ? { Subject: message.Subject }
      : { SubscribeURL: message.SubscribeURL, Token: message.Token };
  return Object.entries({ Message, MessageId, Timestamp, TopicArn, Type: type, ...own })
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (typeof value === 'string' ? `${name}\n${value}\n` : ''))
    .join('');
}

/** The host of the service in the topic's own region, which alone may sign for it and confirm it. */
export function snsHostOf(topicArn: string): string {
  const [, partition = '', , region = ''] = topicArn.split(':');
  return `sns.${region}.amazonaws.com${partition === 'aws-cn' ? '.cn' : ''}`;
}
