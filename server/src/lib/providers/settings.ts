import { readFileSync } from 'node:fs';
import { type Static, type TObject, type TProperties, Type } from '@sinclair/typebox';
import { Value, type ValueError } from '@sinclair/typebox/value';

/** What every provider has: exact integers, never proportions. */
type ProviderPlace = {
  name: string;
  /** Lower is preferred; providers of equal order share by weight. */
  order: number;
  weight: number;
  /** Messages a second over all workers; null for no limit of ours. */
  ratePerS: number | null;
};

export type DkimSettings = {
  domain: string;
  selector: string;
  /** PEM. */
  privateKey: string;
};

export type SmtpProviderSettings = ProviderPlace & {
  kind: 'smtp';
  host: string;
  port: number;
  /** TLS from the first byte; otherwise STARTTLS where offered. */
  isSecure: boolean;
  /** Refuses to go on in plain text. */
  isTlsRequired: boolean;
  auth: { user: string; pass: string } | null;
  poolSize: number;
  /** `ca`: PEM of the authorities to trust in the place of the system's; `servername`: whom to expect behind the host. */
  tls: { ca?: string; servername?: string };
  dkim: DkimSettings | null;
};

export type SesProviderSettings = ProviderPlace & {
  kind: 'ses';
  region: string;
  /** Null for the machine's own (environment, profile, role). */
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string } | null;
  configurationSet: string | null;
  /** Null for Amazon's own. */
  endpoint: string | null;
  maxInFlight: number;
};

export type PostmarkProviderSettings = ProviderPlace & {
  kind: 'postmark';
  serverToken: string;
  messageStream: string;
  endpoint: string | null;
  maxInFlight: number;
};

export type ResendProviderSettings = ProviderPlace & {
  kind: 'resend';
  apiKey: string;
  endpoint: string | null;
  maxInFlight: number;
};

/** One configured way out. */
export type ProviderSettings =
  | SmtpProviderSettings
  | SesProviderSettings
  | PostmarkProviderSettings
  | ResendProviderSettings;

export type ParsedProviders = {
  /** In the order given; empty where there is any problem. */
  providers: ProviderSettings[];
  /** Sentences that begin with the place, as in `PROVIDERS[1].port`; never a value, which may be a secret. */
  problems: string[];
};

export type ParseProvidersOptions = {
  /** Where `{ "env": "NAME" }` is looked up. */
  env: Readonly<Record<string, string | undefined>>;
  readText?: (path: string) => string;
};

export const DEFAULT_WEIGHT = 100;

const PLACE = {
  name: Type.String({
    pattern: '^[a-z0-9][a-z0-9_-]{0,39}$',
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
const ENDPOINT = Type.Optional(text('an https:// address of the API (http:// on this machine only)'));
const closed = <T extends TProperties>(properties: T) =>
  Type.Object(properties, { additionalProperties: false, description: 'an object' });

const KINDS = {
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
      default: 10,
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

type Kind = keyof typeof KINDS;
type Entry<K extends Kind> = Static<(typeof KINDS)[K]>;

/** Names that are taken: test mail goes through the inbox in every role. */
const RESERVED_NAMES: readonly string[] = ['inbox'];

/**
 * Reads the PROVIDERS setting: a JSON array, or `file:<path>` of a file that holds one. Any value may be
 * `{ "env": "NAME" }`, so that secrets need not stand in the file. Every problem is named at once.
 */
export function parseProviders(
  setting: string,
  { env, readText = (path) => readFileSync(path, 'utf8') }: ParseProvidersOptions,
): ParsedProviders {
  const source = { readText, problems: new Map<string, string>() };
  const entries = readEntries(setting, source);
  const providers = entries.flatMap((raw, index) => {
    const place = `PROVIDERS[${index}]`;
    return parseEntry(resolveReferences(raw, { env, place, ...source }), { index, place, ...source });
  });
  noteDuplicates(entries, source.problems);
  const problems = [...source.problems.values()];
  return { providers: problems.length === 0 ? providers : [], problems };
}

type Source = {
  readText: (path: string) => string;
  /** By place, so that a place is complained about once. */
  problems: Map<string, string>;
};

function note(problems: Map<string, string>, place: string, words: string): void {
  if (!problems.has(place)) problems.set(place, `${place} ${words}`);
}

function readEntries(setting: string, { readText, problems }: Source): unknown[] {
  const path = setting.startsWith('file:') ? setting.slice('file:'.length) : null;
  try {
    const value: unknown = JSON.parse(path === null ? setting : readText(path));
    if (Array.isArray(value) && value.length > 0) return value;
    note(problems, 'PROVIDERS', 'has a wrong value: it must be a JSON array with at least one provider');
  } catch (error) {
    // The parser's own words would quote the text, and so a secret.
    const isUnreadable = path !== null && !(error instanceof SyntaxError);
    const words = isUnreadable ? `names a file that cannot be read (${codeOf(error)})` : 'is not JSON';
    note(problems, 'PROVIDERS', words);
  }
  return [];
}

type ReferenceContext = Source & { env: ParseProvidersOptions['env']; place: string };

function resolveReferences(value: unknown, context: ReferenceContext): unknown {
  const { env, place, problems } = context;
  if (!isRecord(value)) return value;
  if (!isReference(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [
        key,
        resolveReferences(inner, { ...context, place: `${place}.${key}` }),
      ]),
    );
  }
  const found = env[value.env];
  if (!found) note(problems, place, `names the environment variable ${value.env}, which is not set`);
  return found;
}

function isReference(value: Readonly<Record<string, unknown>>): value is { env: string } {
  return (
    Object.keys(value).length === 1 && typeof value['env'] === 'string' && /^\w{1,200}$/.test(value['env'])
  );
}

type EntryContext = Source & { index: number; place: string };

function parseEntry(value: unknown, context: EntryContext): ProviderSettings[] {
  const { place, problems } = context;
  if (!isRecord(value)) {
    note(problems, place, 'must be an object');
    return [];
  }
  switch (value['kind']) {
    case 'smtp':
      return check('smtp', value, context).flatMap((entry) => toSmtp(entry, context));
    case 'ses':
      return check('ses', value, context).flatMap((entry) => toSes(entry, context));
    case 'postmark':
      return check('postmark', value, context).map((entry) => toPostmark(entry, context));
    case 'resend':
      return check('resend', value, context).map((entry) => toResend(entry, context));
    default:
      note(problems, `${place}.kind`, `must be one of ${Object.keys(KINDS).join(', ')}`);
      return [];
  }
}

function check<K extends Kind>(
  kind: K,
  value: Readonly<Record<string, unknown>>,
  { place, problems }: EntryContext,
): Entry<K>[] {
  const schema: (typeof KINDS)[K] = KINDS[kind];
  const candidate = Value.Default(schema, Value.Clone(value));
  for (const error of Value.Errors(schema, candidate)) {
    const at = place + error.path.replaceAll('/', '.');
    note(problems, at, toWords(error, kind));
  }
  if (RESERVED_NAMES.includes(String(value['name']))) {
    note(problems, `${place}.name`, `must not be ${RESERVED_NAMES.join(', ')}`);
  }
  return Value.Check(schema, candidate) ? [candidate] : [];
}

function toWords({ schema, value, message }: ValueError, kind: Kind): string {
  if (message === 'Unexpected property') return `is not a setting of ${kind}`;
  const what = schema.description ?? '';
  return value === undefined ? `is missing: ${what}` : `has a wrong value: it must be ${what}`;
}

function noteDuplicates(entries: readonly unknown[], problems: Map<string, string>): void {
  const seen = new Set<unknown>();
  for (const [index, entry] of entries.entries()) {
    const name = isRecord(entry) ? entry['name'] : undefined;
    if (typeof name !== 'string') continue;
    if (seen.has(name)) note(problems, `PROVIDERS[${index}].name`, 'is the name of another provider too');
    seen.add(name);
  }
}

function toPlace(
  { name, order, weight, ratePerS }: Pick<Entry<'smtp'>, 'name' | 'order' | 'weight' | 'ratePerS'>,
  { index }: EntryContext,
): ProviderPlace {
  return { name, order: order ?? index, weight, ratePerS: ratePerS ?? null };
}

function toSmtp(entry: Entry<'smtp'>, context: EntryContext): SmtpProviderSettings[] {
  const ca = readFileAt(entry.tls?.caFile, `${context.place}.tls.caFile`, context);
  const dkim = toDkim(entry.dkim, context);
  const servername = entry.tls?.servername;
  return [
    {
      ...toPlace(entry, context),
      kind: 'smtp',
      host: entry.host,
      port: entry.port,
      isSecure: entry.secure,
      isTlsRequired: entry.requireTls,
      auth: entry.auth ?? null,
      poolSize: entry.poolSize,
      tls: { ...(ca !== null && { ca }), ...(servername !== undefined && { servername }) },
      dkim,
    },
  ];
}

function toDkim(dkim: Entry<'smtp'>['dkim'], context: EntryContext): DkimSettings | null {
  if (!dkim) return null;
  const { domain, selector, key, keyFile } = dkim;
  const place = `${context.place}.dkim`;
  if ((key === undefined) === (keyFile === undefined)) {
    note(context.problems, place, 'must have either key or keyFile');
    return null;
  }
  const privateKey = key ?? readFileAt(keyFile, `${place}.keyFile`, context);
  return privateKey === null ? null : { domain, selector, privateKey };
}

function toSes(entry: Entry<'ses'>, context: EntryContext): SesProviderSettings[] {
  const { accessKeyId, secretAccessKey, sessionToken } = entry;
  const hasKey = accessKeyId !== undefined && secretAccessKey !== undefined;
  if (!hasKey && (accessKeyId ?? secretAccessKey ?? sessionToken) !== undefined) {
    note(context.problems, `${context.place}.accessKeyId`, 'and secretAccessKey go together');
  }
  return [
    {
      ...toPlace(entry, context),
      kind: 'ses',
      region: entry.region,
      credentials: hasKey
        ? { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) }
        : null,
      configurationSet: entry.configurationSet ?? null,
      endpoint: checkEndpoint(entry.endpoint, context),
      maxInFlight: entry.maxInFlight,
    },
  ];
}

function toPostmark(entry: Entry<'postmark'>, context: EntryContext): PostmarkProviderSettings {
  const { serverToken, messageStream, maxInFlight } = entry;
  const endpoint = checkEndpoint(entry.endpoint, context);
  return { ...toPlace(entry, context), kind: 'postmark', serverToken, messageStream, endpoint, maxInFlight };
}

function toResend(entry: Entry<'resend'>, context: EntryContext): ResendProviderSettings {
  const { apiKey, maxInFlight } = entry;
  const endpoint = checkEndpoint(entry.endpoint, context);
  return { ...toPlace(entry, context), kind: 'resend', apiKey, endpoint, maxInFlight };
}

const LOOPBACK_HOSTS: readonly string[] = ['127.0.0.1', '[::1]', 'localhost'];

/** Keys travel in the headers: in plain text no further than this machine. */
function checkEndpoint(endpoint: string | undefined, { place, problems }: EntryContext): string | null {
  if (endpoint === undefined) return null;
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
  const isLocal = url?.protocol === 'http:' && LOOPBACK_HOSTS.includes(url.hostname);
  if (url === null || (url.protocol !== 'https:' && !isLocal)) {
    note(problems, `${place}.endpoint`, `has a wrong value: it must be ${ENDPOINT.description}`);
  }
  return endpoint;
}

function readFileAt(
  path: string | undefined,
  place: string,
  { readText, problems }: EntryContext,
): string | null {
  if (path === undefined) return null;
  try {
    return readText(path);
  } catch (error) {
    note(problems, place, `names a file that cannot be read (${codeOf(error)})`);
    return null;
  }
}

function codeOf(error: unknown): string {
  const isCoded = error instanceof Error && 'code' in error && typeof error.code === 'string';
  return isCoded ? String(error.code) : 'unknown error';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
