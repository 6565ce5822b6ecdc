import { readFileSync } from 'node:fs';
import { Value, type ValueError } from '@sinclair/typebox/value';
import { parseDomain } from '../mail/address.ts';
import { createDkimSigner } from '../mail/dkim.ts';
import type {
  DkimSettings,
  PostmarkProviderSettings,
  ProviderPlace,
  ProviderSettings,
  ResendProviderSettings,
  SesProviderSettings,
  SmtpProviderSettings,
} from './settings.ts';
import { ENDPOINT_RULE, PROVIDER_SCHEMAS, type ProviderEntry, type ProviderKind } from './settings-schema.ts';

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
      note(problems, `${place}.kind`, `must be one of ${Object.keys(PROVIDER_SCHEMAS).join(', ')}`);
      return [];
  }
}

function check<K extends ProviderKind>(
  kind: K,
  value: Readonly<Record<string, unknown>>,
  { place, problems }: EntryContext,
): ProviderEntry<K>[] {
  const schema: (typeof PROVIDER_SCHEMAS)[K] = PROVIDER_SCHEMAS[kind];
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

function toWords({ schema, value, message }: ValueError, kind: ProviderKind): string {
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
  { name, order, weight, ratePerS }: Pick<ProviderEntry<'smtp'>, 'name' | 'order' | 'weight' | 'ratePerS'>,
  { index }: EntryContext,
): ProviderPlace {
  return { name, order: order ?? index, weight, ratePerS: ratePerS ?? null };
}

function toSmtp(entry: ProviderEntry<'smtp'>, context: EntryContext): SmtpProviderSettings[] {
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

function toDkim(dkim: ProviderEntry<'smtp'>['dkim'], context: EntryContext): DkimSettings | null {
  if (!dkim) return null;
  const { domain, selector, key, keyFile } = dkim;
  const place = `${context.place}.dkim`;
  if ((key === undefined) === (keyFile === undefined)) {
    note(context.problems, place, 'must have either key or keyFile');
    return null;
  }
  const privateKey = key ?? readFileAt(keyFile, `${place}.keyFile`, context);
  if (privateKey === null) return null;
  noteDkimProblem({ domain, selector, privateKey }, { ...context, place });
  return { domain, selector, privateKey };
}

/** A key that cannot sign stops the start: mail that was meant to be signed and is not counts as forged. */
function noteDkimProblem(dkim: DkimSettings, { place, problems }: EntryContext): void {
  const words = 'has a wrong value: it must be a name as in DNS';
  if (parseDomain(dkim.domain) === null) return note(problems, `${place}.domain`, words);
  if (parseDomain(dkim.selector) === null) return note(problems, `${place}.selector`, words);
  try {
    createDkimSigner(dkim);
  } catch (error) {
    note(problems, place, `cannot sign: ${error instanceof TypeError ? error.message : 'unknown error'}`);
  }
}

function toSes(entry: ProviderEntry<'ses'>, context: EntryContext): SesProviderSettings[] {
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

function toPostmark(entry: ProviderEntry<'postmark'>, context: EntryContext): PostmarkProviderSettings {
  const { serverToken, messageStream, maxInFlight } = entry;
  const endpoint = checkEndpoint(entry.endpoint, context);
  return { ...toPlace(entry, context), kind: 'postmark', serverToken, messageStream, endpoint, maxInFlight };
}

function toResend(entry: ProviderEntry<'resend'>, context: EntryContext): ResendProviderSettings {
  const { apiKey, maxInFlight } = entry;
  const endpoint = checkEndpoint(entry.endpoint, context);
  return { ...toPlace(entry, context), kind: 'resend', apiKey, endpoint, maxInFlight };
}

const LOOPBACK_HOSTS: readonly string[] = ['127.0.0.1', '[::1]', 'localhost'];

function checkEndpoint(endpoint: string | undefined, { place, problems }: EntryContext): string | null {
  if (endpoint === undefined) return null;
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
  const isLocal = url?.protocol === 'http:' && LOOPBACK_HOSTS.includes(url.hostname);
  if (url === null || (url.protocol !== 'https:' && !isLocal)) {
    note(problems, `${place}.endpoint`, `has a wrong value: it must be ${ENDPOINT_RULE}`);
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
