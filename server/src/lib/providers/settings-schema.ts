import { type Static, type TObject, type TProperties, Type } from '@sinclair/typebox';
import { DEFAULT_WEIGHT, type ProviderSettings } from './settings.ts';

/** Keys travel with every request: in plain text no further than this machine. */
export const ENDPOINT_RULE = 'an https:// address of the API (http:// on this machine only)';

/** What a provider may be called: in settings, in bindings of clients and in filters alike. */
export const PROVIDER_NAME_PATTERN = '^[a-z0-9][a-z0-9_-]{0,39}$';

const PLACE = {
  name: Type.String({
    pattern: PROVIDER_NAME_PATTERN,
    description: 'up to 40 lower-case letters, digits, - and _',
  }),
  kind: Type.String(),
  order: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 1000,
      description: 'an integer from 0 to 1000, lower is preferred; its position by default',
    }),
  ),
  weight: Type.Integer({
    minimum: 1,
    maximum: 10_000,
    default: DEFAULT_WEIGHT,
    description: 'an integer from 1 to 10000, its share among providers of equal order',
  }),
  ratePerS: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 100_000, description: 'messages a second, an integer from 1' }),
  ),
};

const secret = (description: string) => Type.String({ minLength: 1, maxLength: 10_000, description });
const text = (description: string) => Type.String({ minLength: 1, maxLength: 500, description });
const MAX_IN_FLIGHT = { minimum: 1, maximum: 500, description: 'requests at once, an integer from 1 to 500' };
const ENDPOINT = Type.Optional(text(ENDPOINT_RULE));
const closed = <T extends TProperties>(properties: T) =>
  Type.Object(properties, { additionalProperties: false, description: 'an object' });

/** What may be written for each kind of provider; `description` completes "it must be". */
export const PROVIDER_SCHEMAS = {
  smtp: closed({
    ...PLACE,
    host: text('the name or address of the relay'),
    port: Type.Integer({
      minimum: 1,
      maximum: 65535,
      default: 587,
      description: 'an integer from 1 to 65535',
    }),
    secure: Type.Boolean({ default: false, description: 'true for TLS from the first byte' }),
    requireTls: Type.Boolean({ default: false, description: 'true to refuse to send in plain text' }),
    auth: Type.Optional(closed({ user: secret('the user'), pass: secret('the password') })),
    poolSize: Type.Integer({
      minimum: 1,
      maximum: 500,
      default: 20,
      description: 'connections of a worker, an integer from 1 to 500',
    }),
    tls: Type.Optional(
      closed({
        caFile: Type.Optional(text('a PEM file with the authorities to trust')),
        servername: Type.Optional(text('the name that the certificate must have')),
      }),
    ),
    dkim: Type.Optional(
      closed({
        domain: text('the domain that signs'),
        selector: text('the selector of its key'),
        key: Type.Optional(secret('the private key as PEM')),
        keyFile: Type.Optional(text('a PEM file with the private key')),
      }),
    ),
  }),
  ses: closed({
    ...PLACE,
    region: Type.String({ pattern: '^[a-z]{2}(-[a-z]+)+-\\d$', description: 'a region as in us-east-1' }),
    accessKeyId: Type.Optional(secret('goes with secretAccessKey; without both the machine has its own')),
    secretAccessKey: Type.Optional(secret('goes with accessKeyId')),
    sessionToken: Type.Optional(secret('goes with accessKeyId')),
    configurationSet: Type.Optional(text('the name of a configuration set')),
    endpoint: ENDPOINT,
    maxInFlight: Type.Integer({ ...MAX_IN_FLIGHT, default: 20 }),
  }),
  postmark: closed({
    ...PLACE,
    serverToken: secret('the API token of a Postmark server'),
    messageStream: Type.String({
      pattern: '^[a-z0-9][a-z0-9_-]{0,99}$',
      default: 'outbound',
      description: 'the id of a message stream',
    }),
    endpoint: ENDPOINT,
    maxInFlight: Type.Integer({ ...MAX_IN_FLIGHT, default: 20 }),
  }),
  resend: closed({
    ...PLACE,
    apiKey: secret('an API key of Resend'),
    endpoint: ENDPOINT,
    maxInFlight: Type.Integer({ ...MAX_IN_FLIGHT, default: 10 }),
  }),
} satisfies Record<ProviderSettings['kind'], TObject>;

export type ProviderKind = keyof typeof PROVIDER_SCHEMAS;
/** One provider as it is written. */
export type ProviderEntry<K extends ProviderKind> = Static<(typeof PROVIDER_SCHEMAS)[K]>;
