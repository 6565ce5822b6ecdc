import { createApiKey } from '../../server/src/lib/auth/api-key.ts';
import { migrateDatabaseAt } from '../../server/test/support/migrate.ts';
import { startEntry, startServiceProcess } from '../../server/test/support/service-process.ts';
import { type Mail } from '../mails.ts';
import type { BenchServers } from './servers.ts';
import { type BenchSystem, countRows, WORKER_NICE } from './system.ts';

export type ProductOptions = {
  mail: Mail;
  sandbox?: 'full' | 'trusted';
  /** Starts the API instead of the service's own entry. */
  apiEntry?: string;
  /** Further settings of the API and of the workers. */
  env?: Readonly<Record<string, string>>;
};

/** With what a further API of it is started. */
export type ProductSystem = BenchSystem & { apiEnv: Readonly<Record<string, string>> };

/** Our own service: an API process of the real entry, with a client, a key and a template that came over HTTP. */
export async function startProduct(
  servers: BenchServers,
  { mail, sandbox = 'full', apiEntry, env: given = {} }: ProductOptions,
): Promise<ProductSystem> {
  const { databaseUrl, redisUrl } = await servers.createStorage();
  await migrateDatabaseAt(databaseUrl);
  const admin = createApiKey('live').text;
  const env = {
    NODE_ENV: 'production',
    LOG_LEVEL: 'info',
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    MAILER_DIR: `${servers.folder}/${sandbox}-${Bun.randomUUIDv7()}`,
    PORT: '0',
    HOST: '127.0.0.1',
    ADMIN_API_KEY: admin,
    MAIL_FROM: 'shop@example.com',
    SMTP_HOST: '127.0.0.1',
    SMTP_PORT: String(servers.sink.port),
    SANDBOX: sandbox,
    WORKER_NICE,
    SHUTDOWN_DRAIN_MS: '0',
    ...given,
  };
  const apiEnv = { ...env, SERVICE_ROLE: 'API' };
  const api = await (apiEntry ? startEntry(apiEntry, apiEnv) : startServiceProcess(apiEnv));
  return {
    databaseUrl,
    apiEnv,
    name: sandbox === 'full' ? 'this service' : 'this service, SANDBOX=trusted',
    ingest: { pid: api.pid, stop: () => api.stop('SIGTERM') },
    request: await prepareRequest(api.url, { admin, mail }),
    async startWorker() {
      const worker = await startServiceProcess({ ...env, SERVICE_ROLE: 'WORKER' });
      return { pid: worker.pid, stop: () => worker.stop('SIGTERM') };
    },
    countRecorded: () => countRows(databaseUrl, "messages where status = 'sent'"),
    countAccepted: () => countRows(databaseUrl, 'messages'),
    stop: () => api.stop('SIGTERM'),
  };
}

/** The request that sends a mail, with a client and its key and the template, all of which came over HTTP. */
export async function prepareRequest(
  url: string,
  { admin, mail }: { admin: string; mail: Mail },
): Promise<BenchSystem['request']> {
  const call = createCaller(url);
  const { id } = await call(admin, 'POST', '/v1/clients', { name: 'bench' });
  const { key } = await call(admin, 'POST', `/v1/clients/${String(id)}/keys`, {
    name: 'bench',
    mode: 'live',
  });
  await call(String(key), 'PUT', `/v1/templates/${mail.name}`, { ...mail.sources });
  return {
    port: Number(new URL(url).port),
    path: '/v1/messages',
    headers: { 'x-api-key': String(key) },
    body: JSON.stringify({ to: 'ada@example.net', template: mail.name, props: JSON.parse(mail.propsJson) }),
  };
}

function createCaller(url: string) {
  return async (
    key: string,
    method: string,
    path: string,
    body: unknown,
  ): Promise<Record<string, unknown>> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { 'x-api-key': key, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const answer: unknown = await response.json();
    if (!response.ok || typeof answer !== 'object' || answer === null)
      throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
    return { ...answer };
  };
}
