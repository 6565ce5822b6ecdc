import { type Static, type TProperties, type TSchema, Type } from '@sinclair/typebox';

const TOPIC_ARN = ' *arn:aws[a-z-]*:sns:[a-z0-9-]+:\\d{12}:[A-Za-z0-9_-]{1,256}(\\.fifo)? *';

export const DEFAULT_FROM = 'Mail Service <mail@localhost.test>';

/** Ten delays, 23.7 hours in all. */
const DEFAULT_WEBHOOK_DELAYS_MS =
  '5000,30000,120000,600000,1800000,3600000,7200000,14400000,28800000,28800000';
const ATTEMPTS = { minimum: 1, maximum: 50 };
const DAYS = { minimum: 1, maximum: 36_500 };
const DELAY = { minimum: 1, maximum: 24 * 3_600_000 };
const OTLP_PROTOCOLS = [Type.Literal('http/protobuf'), Type.Literal('http/json'), Type.Literal('grpc')];

/**
 * Every setting the service reads from its environment. `description` is what a person needs to choose a value;
 * `.env.example` is held against this list by a test.
 */
export const SETTINGS = {
  SERVICE_ROLE: Type.Union([Type.Literal('API'), Type.Literal('WORKER'), Type.Literal('DEV')], {
    description: 'What this process does: API, WORKER, or DEV (both, with a file watcher and the inbox)',
  }),
  NODE_ENV: Type.String({
    default: 'development',
    description: '"production" turns warnings about safety into refusals',
  }),
  DATABASE_URL: Type.Optional(
    Type.String({
      pattern: '^(postgres(ql)?://.+|pglite:.+)$',
      description:
        'postgres://user:pass@host:5432/db, several hosts by comma for one that can fail over, or pglite:<folder> for the embedded database (DEV only)',
    }),
  ),
  REDIS_URL: Type.Optional(
    Type.String({
      pattern: '^rediss?(\\+(sentinel|cluster))?://.+$',
      description:
        'redis://host:6379, redis+sentinel://host1,host2/name or redis+cluster://host1,host2, and rediss with TLS; goes with postgres://',
    }),
  ),
  HOST: Type.Optional(
    Type.String({
      minLength: 1,
      description: 'Address to listen on; 0.0.0.0 by default, in DEV loopback only',
    }),
  ),
  PORT: Type.Integer({
    minimum: 0,
    maximum: 65535,
    default: 3025,
    description: 'Port of the HTTP API; 0 picks a free one',
  }),
  MAILER_DIR: Type.String({
    minLength: 1,
    default: '.mailer',
    description: 'Where the embedded profile keeps its database and caches',
  }),
  TEMPLATES_SOURCE_DIR: Type.Optional(
    Type.String({ minLength: 1, description: 'Folder that the DEV role watches and pushes templates from' }),
  ),
  TEMPLATES_DIST_DIR: Type.Optional(
    Type.String({
      minLength: 1,
      description: 'Cache of compiled templates; may be empty, is rebuilt at need',
    }),
  ),
  MAIL_FROM: Type.String({
    default: DEFAULT_FROM,
    description: 'Sender of messages that name none',
  }),
  SMTP_HOST: Type.Optional(
    Type.String({
      minLength: 1,
      description: 'SMTP relay for live mail; without it the DEV role keeps all mail in its inbox',
    }),
  ),
  SMTP_PORT: Type.Integer({
    minimum: 1,
    maximum: 65535,
    default: 587,
    description: 'Port of the SMTP relay',
  }),
  SMTP_USER: Type.Optional(
    Type.String({ minLength: 1, description: 'User for SMTP authentication; goes with SMTP_PASS' }),
  ),
  SMTP_PASS: Type.Optional(
    Type.String({ minLength: 1, description: 'Password for SMTP authentication; goes with SMTP_USER' }),
  ),
  SMTP_SECURE: Type.Boolean({
    default: false,
    description: 'true speaks TLS from the first byte (port 465); false upgrades with STARTTLS where offered',
  }),
  SMTP_POOL_SIZE: Type.Integer({
    minimum: 1,
    maximum: 500,
    default: 20,
    description: 'Connections that a worker keeps open to the relay',
  }),
  PROVIDERS: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        'Any number of named ways out in the place of SMTP_HOST, in order of preference: a JSON array, or file:<path> of one; docs/providers.md has every setting',
    }),
  ),
  SES_SNS_TOPIC_ARNS: Type.Optional(
    Type.String({
      pattern: `^${TOPIC_ARN}(,${TOPIC_ARN})*$`,
      description: 'Topics of Amazon SNS whose callbacks about mail sent through SES are believed, by comma',
    }),
  ),
  POSTMARK_WEBHOOK_SECRET: Type.Optional(
    Type.String({
      pattern: '^[^\\s,]{16,200}( *, *[^\\s,]{16,200})*$',
      description:
        'What proves that a callback is Postmark’s: password of basic authentication, or header X-Webhook-Secret; 16 characters or more, several by comma',
    }),
  ),
  RESEND_WEBHOOK_SECRET: Type.Optional(
    Type.String({
      pattern: '^whsec_[A-Za-z0-9+/]{16,}={0,2}( *, *whsec_[A-Za-z0-9+/]{16,}={0,2})*$',
      description:
        'Signing secret of the webhook at Resend, whsec_...; several by comma while one follows another',
    }),
  ),
  WORKER_CONCURRENCY: Type.Integer({
    minimum: 1,
    maximum: 1000,
    default: 60,
    description: 'Messages that a worker works on at once',
  }),
  WORKER_NICE: Type.Integer({
    minimum: 0,
    maximum: 19,
    default: 10,
    description:
      'How far a worker stands back behind other processes for the CPU, so that an API on the same machine answers fast; 0 for not at all',
  }),
  WORKER_PORT: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 65535,
      description:
        'Port on which a worker answers /healthz, /readyz and /metrics; without it a worker listens on none',
    }),
  ),
  MAX_ATTEMPTS: Type.Integer({
    ...ATTEMPTS,
    default: 20,
    description: 'Attempts to hand a message over before it fails for good',
  }),
  MAX_ATTEMPTS_HIGH: Type.Optional(
    Type.Integer({ ...ATTEMPTS, description: 'The same for messages of high priority, where it differs' }),
  ),
  MAX_ATTEMPTS_LOW: Type.Optional(
    Type.Integer({ ...ATTEMPTS, description: 'The same for messages of low priority, where it differs' }),
  ),
  RETRY_BASE_MS: Type.Integer({
    ...DELAY,
    default: 10_000,
    description: 'Delay before the first retry; doubles each time, up to RETRY_MAX_MS',
  }),
  RETRY_BASE_MS_HIGH: Type.Optional(
    Type.Integer({
      ...DELAY,
      description: 'First delay for messages of high priority, where it differs',
    }),
  ),
  RETRY_BASE_MS_LOW: Type.Optional(
    Type.Integer({
      ...DELAY,
      description: 'First delay for messages of low priority, where it differs',
    }),
  ),
  RETRY_MAX_MS: Type.Integer({
    ...DELAY,
    default: 3_600_000,
    description: 'Longest delay between two attempts of our own schedule',
  }),
  RETRY_MAX_MS_HIGH: Type.Optional(
    Type.Integer({
      ...DELAY,
      description: 'Longest delay for messages of high priority, where it differs',
    }),
  ),
  RETRY_MAX_MS_LOW: Type.Optional(
    Type.Integer({
      ...DELAY,
      description: 'Longest delay for messages of low priority, where it differs',
    }),
  ),
  KEEP_BODIES: Type.Boolean({
    default: false,
    description:
      'true keeps each body as it was sent, compressed, for RETENTION_BODIES_DAYS; false renders it again when asked',
  }),
  RETENTION_BODIES_DAYS: Type.Integer({
    ...DAYS,
    default: 30,
    description:
      'Days that the content of a message is kept, with attachments; without it the message can be neither shown nor sent again',
  }),
  RETENTION_EVENTS_DAYS: Type.Integer({
    ...DAYS,
    default: 90,
    description: 'Days that the timeline of a message is kept',
  }),
  RETENTION_MESSAGES_DAYS: Type.Integer({
    ...DAYS,
    default: 365,
    description: 'Days that a message is kept: to whom it went, when, and what became of it',
  }),
  RETENTION_INBOX_DAYS: Type.Integer({
    ...DAYS,
    default: 30,
    description: 'Days that the inbox keeps its copies',
  }),
  LEASE_MS: Type.Integer({
    minimum: 1000,
    maximum: 3_600_000,
    default: 90_000,
    description: 'How long a worker may hold a message; a send always times out inside it',
  }),
  TRUST_PROXY: Type.Boolean({
    default: false,
    description:
      'true takes the last address of X-Forwarded-For for the caller’s; only behind a proxy that sets it, because anybody can send one',
  }),
  MAX_AUTH_FAILURES: Type.Integer({
    minimum: 1,
    maximum: 1_000_000,
    default: 60,
    description: 'Wrong keys a minute that an address may present before it is answered with 429',
  }),
  MAX_BODY_BYTES: Type.Integer({
    minimum: 1024,
    default: 2 * 1024 * 1024,
    description: 'Largest request body the API reads, where it holds no attachments',
  }),
  MAX_ATTACHMENT_BODY_BYTES: Type.Integer({
    minimum: 1024,
    default: 36 * 1024 * 1024,
    description: 'Largest request body with attachments, which are a third larger in it',
  }),
  MAX_ATTACHMENT_BYTES: Type.Integer({
    minimum: 1024,
    default: 25 * 1024 * 1024,
    description: 'Largest sum of the attachments of one message',
  }),
  PUBLIC_URL: Type.Optional(
    Type.String({
      pattern: '^https?://[^\\s?#]+$',
      description:
        'Where recipients reach this API, for one-click unsubscribe links; https://mail.example.com, in DEV this machine',
    }),
  ),
  MAX_WAITING: Type.Integer({
    minimum: 1,
    default: 5000,
    description: 'Messages that may wait for the database at once; more are answered with 503',
  }),
  MAX_INTAKE_MS: Type.Integer({
    minimum: 100,
    maximum: 60_000,
    default: 5000,
    description: 'How long the database may take to keep a message before the answer is 503',
  }),
  MAX_IN_FLIGHT_BYTES: Type.Integer({
    minimum: 1024,
    default: 256 * 1024 * 1024,
    description: 'Request bodies that may be in memory at once; more are answered with 503',
  }),
  MAX_QUEUE_DEPTH: Type.Integer({
    minimum: 1,
    default: 1_000_000,
    description: 'Jobs that may wait in the queue before new messages are answered with 503',
  }),
  BLOB_STORE_URL: Type.Optional(
    Type.String({
      pattern: '^(database|s3://.+|folder:.+)$',
      description:
        'Where attachments and large bodies are kept: database, s3://bucket/prefix, or folder:<path>, for this service alone; by default the database, with pglite: a folder',
    }),
  ),
  S3_ENDPOINT: Type.Optional(
    Type.String({ pattern: '^https?://.+$', description: "Address of the S3 API; Amazon's own by default" }),
  ),
  S3_REGION: Type.Optional(Type.String({ minLength: 1, description: 'Region of the bucket' })),
  S3_ACCESS_KEY_ID: Type.Optional(
    Type.String({ minLength: 1, description: 'Key id for the S3 API; goes with S3_SECRET_ACCESS_KEY' }),
  ),
  S3_SECRET_ACCESS_KEY: Type.Optional(
    Type.String({ minLength: 1, description: 'Secret for the S3 API; goes with S3_ACCESS_KEY_ID' }),
  ),
  ADMIN_API_KEY: Type.Optional(
    Type.String({
      description:
        'A further admin key, mk_live_<8 characters>_<43 characters>; "mailctl admin bootstrap" makes one without this',
    }),
  ),
  SECRET_KEY: Type.Optional(
    Type.String({
      minLength: 32,
      description:
        'Seals the secrets of webhooks in the database, 32 characters or more; without it they are stored as they are',
    }),
  ),
  WEBHOOKS_ALLOW_HTTP: Type.Optional(
    Type.Boolean({ description: 'true lets webhooks go to http:// URLs too; by default in DEV only' }),
  ),
  WEBHOOKS_ALLOW_PRIVATE: Type.Optional(
    Type.Boolean({
      description:
        'true lets webhooks go to private and loopback addresses and any port; by default in DEV only',
    }),
  ),
  WEBHOOKS_CONCURRENCY: Type.Integer({
    minimum: 1,
    maximum: 1000,
    default: 20,
    description: 'Webhooks that a worker sends at once',
  }),
  WEBHOOKS_TIMEOUT_MS: Type.Integer({
    minimum: 100,
    maximum: 60_000,
    default: 10_000,
    description: 'How long a webhook waits for its answer',
  }),
  WEBHOOKS_RETRY_DELAYS_MS: Type.String({
    pattern: '^[1-9][0-9]{0,8}(,[1-9][0-9]{0,8}){0,49}$',
    default: DEFAULT_WEBHOOK_DELAYS_MS,
    description: 'Delays before the second, third ... attempt of a webhook; after the last it is given up',
  }),
  SHUTDOWN_GRACE_MS: Type.Integer({
    minimum: 0,
    maximum: 600_000,
    default: 20_000,
    description: 'How long a stopping process waits for what is under way',
  }),
  SHUTDOWN_DRAIN_MS: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 120_000,
      description:
        'How long a stopping API goes on answering, but with 503 at /readyz and closing its connections, so that load balancers turn away from it; 5000 by default, 0 in the other roles',
    }),
  ),
  SANDBOX: Type.Union([Type.Literal('full'), Type.Literal('trusted')], {
    default: 'full',
    description:
      'full locks the processes that render templates in; trusted leaves the system call filter out, for systems without seccomp and templates that are all your own',
  }),
  LOG_LEVEL: Type.Union(
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'].map((level) => Type.Literal(level)),
    { default: 'info', description: 'trace, debug, info, warn, error, fatal or silent' },
  ),
  LOG_BURST: Type.Integer({
    minimum: 0,
    maximum: 1_000_000,
    default: 100,
    description:
      'Alike lines below "error" that are logged in a second; of more, every hundredth is, and the next tells how many were left out. 0 logs all',
  }),
  METRICS_TOKEN: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9._~+/=-]{16,500}$',
      description:
        'What a reader of /metrics shows as Authorization: Bearer ...; without it the API has no /metrics, and the port of a worker asks for nothing',
    }),
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        'Where spans and metrics are sent by OpenTelemetry, such as http://collector:4318; without an endpoint or exporter nothing is',
    }),
  ),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: Type.Optional(
    Type.String({ minLength: 1, description: 'The same for spans alone, as a whole URL' }),
  ),
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: Type.Optional(
    Type.String({ minLength: 1, description: 'The same for metrics alone, as a whole URL' }),
  ),
  OTEL_EXPORTER_OTLP_PROTOCOL: Type.Union(OTLP_PROTOCOLS, {
    default: 'http/protobuf',
    description: 'How they are sent: http/protobuf, http/json or grpc',
  }),
  OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: Type.Optional(
    Type.Union(OTLP_PROTOCOLS, { description: 'The same for metrics alone' }),
  ),
  OTEL_TRACES_EXPORTER: Type.Optional(
    Type.String({ minLength: 1, description: 'otlp, console or zipkin; none sends no spans anywhere' }),
  ),
  OTEL_METRICS_EXPORTER: Type.Optional(
    Type.String({ minLength: 1, description: 'otlp; none sends no metrics anywhere' }),
  ),
  OTEL_METRIC_EXPORT_INTERVAL: Type.Integer({
    minimum: 100,
    maximum: 3_600_000,
    default: 60_000,
    description: 'Milliseconds between two exports of metrics',
  }),
  OTEL_SDK_DISABLED: Type.Boolean({
    default: false,
    description: 'true sends nothing, whatever else is set; /metrics stays',
  }),
} satisfies TProperties;

export const EnvironmentSchema = Type.Object(SETTINGS);
/** The settings by name, each with the type of its value. */
export type Environment = Static<typeof EnvironmentSchema>;

export type ServiceRole = Environment['SERVICE_ROLE'];

/** A setting as documents show it. */
export type DescribedSetting = {
  name: string;
  description: string;
  default: unknown;
  /** What its value may be, in a few words. */
  values: string;
};

/** Every setting with its description, default and values, for documents and their tests. */
export function describeSettings(): DescribedSetting[] {
  return Object.entries(SETTINGS).map(([name, schema]) => ({
    name,
    description: schema.description ?? '',
    default: schema.default,
    values: describeValues(schema),
  }));
}

function describeValues({ type, anyOf, minimum, maximum }: TSchema): string {
  if (Array.isArray(anyOf)) return anyOf.map((member: TSchema) => String(member['const'])).join(', ');
  if (type !== 'integer') return type === 'boolean' ? 'true, false' : '';
  return maximum === undefined ? `${minimum} or more` : `${minimum} to ${maximum}`;
}
