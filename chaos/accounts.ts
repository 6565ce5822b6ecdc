import { join } from 'node:path';
import { type ApiAnswer, callApi, callApiSurely } from './api-client.ts';
import { TEMPLATE_NAME, toAttachment } from './request-plan.ts';

/** A client of the service with keys to send with. */
export type LoadClient = { name: string; keys: readonly [string, ...string[]] };

/** What this version of the service can do, found by asking it. */
export type Abilities = {
  /** A request may be repeated with its Idempotency-Key. */
  isIdempotent: boolean;
  /** Takes `scheduledAt`, `priority` and `attachments`. */
  isFull: boolean;
};

const TEMPLATE_SOURCE = join(import.meta.dir, '..', 'templates', TEMPLATE_NAME, 'index.tsx');
/** Far more than any run asks for: limits are not what is tested here. */
const RATE_LIMIT = 1_000_000;

type Admin = { url: string; adminKey: string };

/** Creates clients with two keys each, and gives all of them the template. */
export async function createLoadClients(admin: Admin, count: number): Promise<LoadClient[]> {
  const source = await Bun.file(TEMPLATE_SOURCE).text();
  const clients = await Promise.all(
    Array.from({ length: count }, (_, i) => createLoadClient(admin, `client ${i + 1}`)),
  );
  for (const { keys } of clients) {
    await callApiSurely('PUT', `${admin.url}/v1/templates/${TEMPLATE_NAME}`, {
      key: keys[0],
      body: { entry: 'index.tsx', files: { 'index.tsx': source } },
    });
  }
  return clients;
}

async function createLoadClient({ url, adminKey }: Admin, name: string): Promise<LoadClient> {
  const create = (limits: object) =>
    callApi('POST', `${url}/v1/clients`, { key: adminKey, body: { name, ...limits } });
  const limited = await create({ rateLimit: RATE_LIMIT });
  // A version without rate limits does not know the field.
  const made = limited.status === 422 ? await create({}) : limited;
  const clientId = String(made.body['id']);
  const first = await createKey({ url, adminKey }, clientId, 'live');
  return { name, keys: [first, await createKey({ url, adminKey }, clientId, 'live')] };
}

async function createKey({ url, adminKey }: Admin, clientId: string, mode: 'live' | 'test'): Promise<string> {
  const body = { name: `${mode} key`, mode };
  const made = await callApiSurely('POST', `${url}/v1/clients/${clientId}/keys`, { key: adminKey, body });
  return String(made['key']);
}

/** Finds out with test mail, which no provider ever gets. */
export async function findAbilities(admin: Admin): Promise<Abilities> {
  const made = await callApiSurely('POST', `${admin.url}/v1/clients`, {
    key: admin.adminKey,
    body: { name: 'abilities' },
  });
  const key = await createKey(admin, String(made['id']), 'test');
  const ask = (extra: object, idempotencyKey: string | null): Promise<ApiAnswer> =>
    callApi('POST', `${admin.url}/v1/messages`, {
      key,
      idempotencyKey,
      body: { to: 'abilities@example.net', subject: 'x', text: 'x', ...extra },
    });
  await ask({}, 'abilities');
  const repeated = await ask({}, 'abilities');
  const scheduledAt = new Date(Date.now() + 1000).toISOString();
  const full = await ask({ scheduledAt, priority: 'low', attachments: [toAttachment('x')] }, null);
  return { isIdempotent: repeated.isReplayed, isFull: full.status === 202 };
}
