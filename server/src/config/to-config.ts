import { resolve } from 'node:path';
import { type BlobSettings, parseS3Url } from '../lib/blobs/blob-settings.ts';
import type { RetentionKind } from '../lib/db/retention.ts';
import type { MessagePriority } from '../lib/messages/priority.ts';
import type { CallbackSettings } from '../lib/providers/callback-adapters.ts';
import { DEFAULT_WEIGHT, type ProviderSettings } from '../lib/providers/settings.ts';
import type { TelemetrySettings } from '../lib/telemetry/telemetry.ts';
import type { Environment, ServiceRole } from './settings.ts';

/** How often a message is tried, and how far apart. */
export type RetryPolicy = {
  maxAttempts: number;
  /** Before the second attempt; doubles for each after it. */
  baseMs: number;
  maxMs: number;
};

/** Where state lives: everything in one folder and one process, or PostgreSQL and Redis. */
export type StorageSettings = { blobs: BlobSettings } & (
  | { kind: 'embedded'; databaseDir: string }
  | { kind: 'production'; databaseUrl: string; redisUrl: string }
);

/** How clients are told of their messages' events. */
export type WebhookSettings = {
  allowHttp: boolean;
  allowPrivate: boolean;
  concurrency: number;
  timeoutMs: number;
  retryDelaysMs: readonly number[];
};

export type Config = Readonly<{
  role: ServiceRole;
  isProduction: boolean;
  storage: StorageSettings;
  host: string;
  port: number;
  mailerDir: string;
  templatesSourceDir: string;
  templatesDistDir: string;
  mailFrom: string;
  /** The ways out for live mail; none in the DEV role means the inbox. */
  providers: readonly ProviderSettings[];
  /** Whose callbacks are believed. */
  callbacks: CallbackSettings;
  workerConcurrency: number;
  /** Nice value of a process that is a worker alone. */
  workerNice: number;
  /** Where a process that is a worker alone answers for its health; null for nowhere. */
  workerPort: number | null;
  /** When and how often an attempt is repeated, by the message's priority. */
  retry: Readonly<Record<MessagePriority, RetryPolicy>>;
  isKeepingBodies: boolean;
  retentionDays: Readonly<Record<RetentionKind, number>>;
  leaseMs: number;
  /** True where X-Forwarded-For is our own proxy's word. */
  isProxyTrusted: boolean;
  /** A minute and address. */
  maxAuthFailures: number;
  /** Of a request without attachments. */
  maxBodyBytes: number;
  /** Of a request with attachments. */
  maxAttachmentBodyBytes: number;
  /** Of one message, decoded. */
  maxAttachmentBytes: number;
  publicUrl: string | null;
  maxWaiting: number;
  maxIntakeMs: number;
  maxInFlightBytes: number;
  maxQueueDepth: number;
  adminApiKey: string | null;
  secretKey: string | null;
  webhooks: WebhookSettings;
  shutdownGraceMs: number;
  /** Before the grace begins. */
  shutdownDrainMs: number;
  sandboxMode: 'full' | 'trusted';
  logLevel: string;
  /** Alike lines in a second; 0 for any number. */
  logBurst: number;
  /** What a reader of /metrics shows. */
  metricsToken: string | null;
  telemetry: TelemetrySettings;
}>;

/** What the settings mean, defaults and dependencies between them included. */
export function toConfig(env: Environment, named: readonly ProviderSettings[]): Config {
  const mailerDir = resolve(env.MAILER_DIR);
  return {
    role: env.SERVICE_ROLE,
    isProduction: env.NODE_ENV === 'production',
    storage: toStorage(env, mailerDir),
    host: env.HOST ?? (env.SERVICE_ROLE === 'DEV' ? '127.0.0.1' : '0.0.0.0'),
    port: env.PORT,
    mailerDir,
    templatesSourceDir: resolve(env.TEMPLATES_SOURCE_DIR ?? 'templates'),
    templatesDistDir: resolve(env.TEMPLATES_DIST_DIR ?? `${mailerDir}/templates-dist`),
    mailFrom: env.MAIL_FROM,
    providers: env.SMTP_HOST ? [toRelay(env, env.SMTP_HOST)] : named,
    callbacks: {
      sesTopicArns: toList(env.SES_SNS_TOPIC_ARNS),
      postmarkSecrets: toList(env.POSTMARK_WEBHOOK_SECRET),
      resendSecrets: toList(env.RESEND_WEBHOOK_SECRET),
    },
    workerConcurrency: env.WORKER_CONCURRENCY,
    workerNice: env.WORKER_NICE,
    workerPort: env.WORKER_PORT ?? null,
    retry: toRetryPolicies(env),
    isKeepingBodies: env.KEEP_BODIES,
    retentionDays: {
      bodies: env.RETENTION_BODIES_DAYS,
      events: env.RETENTION_EVENTS_DAYS,
      messages: env.RETENTION_MESSAGES_DAYS,
      inbox: env.RETENTION_INBOX_DAYS,
    },
    leaseMs: env.LEASE_MS,
    isProxyTrusted: env.TRUST_PROXY,
    maxAuthFailures: env.MAX_AUTH_FAILURES,
    maxBodyBytes: env.MAX_BODY_BYTES,
    maxAttachmentBodyBytes: env.MAX_ATTACHMENT_BODY_BYTES,
    maxAttachmentBytes: env.MAX_ATTACHMENT_BYTES,
    publicUrl: toPublicUrl(env),
    maxWaiting: env.MAX_WAITING,
    maxIntakeMs: env.MAX_INTAKE_MS,
    maxInFlightBytes: env.MAX_IN_FLIGHT_BYTES,
    maxQueueDepth: env.MAX_QUEUE_DEPTH,
    adminApiKey: env.ADMIN_API_KEY ?? null,
    secretKey: env.SECRET_KEY ?? null,
    webhooks: toWebhooks(env),
    shutdownGraceMs: env.SHUTDOWN_GRACE_MS,
    shutdownDrainMs: env.SHUTDOWN_DRAIN_MS ?? (env.SERVICE_ROLE === 'API' ? 5000 : 0),
    sandboxMode: env.SANDBOX,
    logLevel: env.LOG_LEVEL,
    logBurst: env.LOG_BURST,
    metricsToken: env.METRICS_TOKEN ?? null,
    telemetry: toTelemetry(env),
  };
}

/**
 * Where the standard would export to a collector on this machine by default, we export nothing: whoever has one says so.
 * What is not named here (samplers, headers, limits, resource attributes) the SDK reads from the environment by itself.
 */
function toTelemetry(env: Environment): TelemetrySettings {
  const { SERVICE_ROLE: role, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } = env;
  const isOn = (exporter: string | undefined, ownEndpoint: string | undefined) =>
    !env.OTEL_SDK_DISABLED && exporter !== 'none' && Boolean(exporter ?? ownEndpoint ?? endpoint);
  const isExporting = isOn(env.OTEL_METRICS_EXPORTER, env.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT);
  return {
    serviceName: `mail-${role.toLowerCase()}`,
    isTracing: isOn(env.OTEL_TRACES_EXPORTER, env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT),
    isScraped: env.METRICS_TOKEN !== undefined || (role === 'WORKER' && env.WORKER_PORT !== undefined),
    metricsExport: isExporting
      ? {
          protocol: env.OTEL_EXPORTER_OTLP_METRICS_PROTOCOL ?? env.OTEL_EXPORTER_OTLP_PROTOCOL,
          intervalMs: env.OTEL_METRIC_EXPORT_INTERVAL,
        }
      : null,
  };
}

function toList(text = ''): string[] {
  return text.split(',').flatMap((item) => item.trim() || []);
}

/** On a developer's machine links lead to the API itself, where its port is known beforehand. */
function toPublicUrl({ PUBLIC_URL, SERVICE_ROLE, PORT }: Environment): string | null {
  if (PUBLIC_URL) return PUBLIC_URL.replace(/\/+$/, '');
  return SERVICE_ROLE === 'DEV' && PORT > 0 ? `http://127.0.0.1:${PORT}` : null;
}

function toStorage(env: Environment, mailerDir: string): StorageSettings {
  const url = env.DATABASE_URL ?? `pglite:${mailerDir}/db`;
  if (url.startsWith('pglite:')) {
    const blobs = toBlobs(env, { kind: 'folder', folder: `${mailerDir}/blobs` });
    return { kind: 'embedded', databaseDir: resolve(url.slice('pglite:'.length)), blobs };
  }
  const blobs = toBlobs(env, { kind: 'database' });
  return { kind: 'production', databaseUrl: url, redisUrl: env.REDIS_URL ?? '', blobs };
}

function toBlobs(env: Environment, standard: BlobSettings): BlobSettings {
  const url = env.BLOB_STORE_URL;
  if (!url) return standard;
  if (url === 'database') return { kind: 'database' };
  if (url.startsWith('folder:')) return { kind: 'folder', folder: resolve(url.slice('folder:'.length)) };
  const place = parseS3Url(url);
  if (!place) throw new Error('an S3 address that was checked cannot be read');
  return {
    kind: 's3',
    ...place,
    endpoint: env.S3_ENDPOINT ?? null,
    region: env.S3_REGION ?? null,
    accessKeyId: env.S3_ACCESS_KEY_ID ?? null,
    secretAccessKey: env.S3_SECRET_ACCESS_KEY ?? null,
  };
}

function toRetryPolicies(env: Environment): Config['retry'] {
  const normal = { maxAttempts: env.MAX_ATTEMPTS, baseMs: env.RETRY_BASE_MS, maxMs: env.RETRY_MAX_MS };
  return {
    high: {
      maxAttempts: env.MAX_ATTEMPTS_HIGH ?? normal.maxAttempts,
      baseMs: env.RETRY_BASE_MS_HIGH ?? normal.baseMs,
      maxMs: env.RETRY_MAX_MS_HIGH ?? normal.maxMs,
    },
    normal,
    low: {
      maxAttempts: env.MAX_ATTEMPTS_LOW ?? normal.maxAttempts,
      baseMs: env.RETRY_BASE_MS_LOW ?? normal.baseMs,
      maxMs: env.RETRY_MAX_MS_LOW ?? normal.maxMs,
    },
  };
}

function toWebhooks(env: Environment): WebhookSettings {
  return {
    allowHttp: env.WEBHOOKS_ALLOW_HTTP ?? env.SERVICE_ROLE === 'DEV',
    allowPrivate: env.WEBHOOKS_ALLOW_PRIVATE ?? env.SERVICE_ROLE === 'DEV',
    concurrency: env.WEBHOOKS_CONCURRENCY,
    timeoutMs: env.WEBHOOKS_TIMEOUT_MS,
    retryDelaysMs: env.WEBHOOKS_RETRY_DELAYS_MS.split(',').map(Number),
  };
}

/** The simple form of one provider. */
function toRelay(env: Environment, host: string): ProviderSettings {
  const hasAuth = env.SMTP_USER !== undefined && env.SMTP_PASS !== undefined;
  return {
    kind: 'smtp',
    name: 'smtp',
    order: 0,
    weight: DEFAULT_WEIGHT,
    ratePerS: null,
    host,
    port: env.SMTP_PORT,
    isSecure: env.SMTP_SECURE,
    isTlsRequired: false,
    auth: hasAuth ? { user: env.SMTP_USER ?? '', pass: env.SMTP_PASS ?? '' } : null,
    poolSize: env.SMTP_POOL_SIZE,
    tls: {},
    dkim: null,
  };
}
