import { Value } from '@sinclair/typebox/value';
import { isApiKey } from '../lib/auth/api-key.ts';
import { parseS3Url } from '../lib/blobs/blob-settings.ts';
import { parseAddress } from '../lib/mail/address.ts';
import { parseRedisUrl } from '../lib/queue/redis-address.ts';
import { DEFAULT_FROM, type Environment, EnvironmentSchema, SETTINGS } from './settings.ts';

/** The DEV role keeps keys in a file and mail of everybody in one inbox: no other machine may reach it. */
const LOOPBACK: readonly string[] = ['127.0.0.1', '::1', 'localhost'];

/** One problem for each setting of the wrong shape, by its name. */
export function schemaProblems(candidate: unknown): Map<string, string> {
  const problems = new Map<string, string>();
  for (const error of Value.Errors(EnvironmentSchema, candidate)) {
    const name = error.path.split('/')[1] ?? '';
    const schema = Object.entries(SETTINGS).find(([key]) => key === name)?.[1];
    const isMissing = !(candidate !== null && typeof candidate === 'object' && name in candidate);
    const what = isMissing ? 'is missing' : 'has a wrong value';
    problems.set(name, `${name} ${what}: ${schema?.description ?? 'unknown setting'}`);
  }
  return problems;
}

/** Settings as texts. */
export type Given = { readonly [name in keyof Environment]?: string | undefined };

/** What the shapes alone do not say, of the settings whose shape is right. */
export function semanticProblems(given: Given): string[] {
  const problems = given.SERVICE_ROLE ? storageProblems(given) : [];
  if (given.SERVICE_ROLE === 'DEV' && given.HOST && !LOOPBACK.includes(given.HOST)) {
    problems.push(`HOST has a wrong value: the DEV role listens on loopback only (${LOOPBACK.join(', ')})`);
  }
  if (given.SERVICE_ROLE === 'WORKER' && !given.SMTP_HOST && !given.PROVIDERS) {
    problems.push(`SMTP_HOST is missing, and so is PROVIDERS: ${SETTINGS.SMTP_HOST.description}`);
  }
  if (given.SMTP_HOST && given.PROVIDERS) {
    problems.push('PROVIDERS and SMTP_HOST exclude each other: put the relay into PROVIDERS');
  }
  if ((given.SMTP_USER === undefined) !== (given.SMTP_PASS === undefined)) {
    problems.push('SMTP_USER and SMTP_PASS go together: set both or neither');
  }
  if (given.BLOB_STORE_URL?.startsWith('s3:') && !parseS3Url(given.BLOB_STORE_URL)) {
    problems.push('BLOB_STORE_URL has a wrong value: a bucket is named as in s3://bucket/prefix');
  }
  if ((given.S3_ACCESS_KEY_ID === undefined) !== (given.S3_SECRET_ACCESS_KEY === undefined)) {
    problems.push('S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY go together: set both or neither');
  }
  if (given.REDIS_URL && !parseRedisUrl(given.REDIS_URL)) {
    problems.push(`REDIS_URL has a wrong value: ${SETTINGS.REDIS_URL.description}`);
  }
  const from = parseAddress(given.MAIL_FROM ?? DEFAULT_FROM);
  if (!from.ok) problems.push(`MAIL_FROM has a wrong value: it ${from.reason}`);
  if (given.ADMIN_API_KEY && !isApiKey(given.ADMIN_API_KEY)) {
    problems.push(`ADMIN_API_KEY has a wrong value: ${SETTINGS.ADMIN_API_KEY.description}`);
  }
  return problems;
}

function storageProblems({ SERVICE_ROLE, DATABASE_URL, REDIS_URL }: Given): string[] {
  const isDev = SERVICE_ROLE === 'DEV';
  if (!DATABASE_URL && !isDev) return [`DATABASE_URL is missing: ${SETTINGS.DATABASE_URL.description}`];
  const isEmbedded = !DATABASE_URL || DATABASE_URL.startsWith('pglite:');
  if (isEmbedded && !isDev) {
    return [
      'DATABASE_URL has a wrong value: pglite: is one process with its own database, so it goes with SERVICE_ROLE=DEV only',
    ];
  }
  if (!isEmbedded && !REDIS_URL)
    return ['REDIS_URL is missing: a postgres:// database goes with a Redis queue'];
  if (isEmbedded && REDIS_URL) {
    return ['REDIS_URL has a wrong value: leave it out with pglite:, or set DATABASE_URL to postgres://'];
  }
  return [];
}

/** The setting that a problem is about. */
export function nameOf(problem: string): string {
  return problem.split(' ')[0] ?? '';
}
