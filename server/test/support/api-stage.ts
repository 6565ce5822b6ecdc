import { eq, sql } from 'drizzle-orm';
import { apiKeys } from '../../src/db/schema.ts';
import { createApiKey, parseApiKey, type Scope } from '../../src/lib/auth/api-key.ts';
import { insertApiKey } from '../../src/lib/db/api-keys.ts';
import { insertDeadLetters } from '../../src/lib/db/dead-letters.ts';
import { TEMPLATE_OPERATIONS } from '../../src/api/openapi/operations/templates.ts';
import { type FakeSns, startFakeSns } from './fake-sns.ts';
import { insertHandedOver } from './handed-over.ts';
import { createClient, type ProfileName, startSystem, type TestSystem } from './system.ts';
import { startWebhookReceiver, type WebhookReceiver } from './webhook-receiver.ts';

/** What nobody but the client it belongs to may ever see. */
export const OWNER_SECRET = 'only-the-owner-knows';

export type Client = Awaited<ReturnType<typeof createClient>>;

/** A running service with a client that owns things, another one that wants to see them, and keys of every kind. */
export type ApiStage = {
  system: TestSystem;
  owner: Client;
  stranger: Client;
  keys: { readOnly: string; expired: string; revoked: string; unknown: string };
  receiver: WebhookReceiver;
  sns: FakeSns;
  /** Makes things of the owner's, each its own. */
  make: ReturnType<typeof createMakers>;
  stop(): Promise<void>;
};

export async function startApiStage(profile: ProfileName): Promise<ApiStage> {
  const sns = startFakeSns();
  const receiver = startWebhookReceiver();
  const system = await startSystem(profile, {
    SES_SNS_TOPIC_ARNS: sns.topicArn,
    // The isolation test shows wrong keys at every route.
    MAX_AUTH_FAILURES: '10000',
    PUBLIC_URL: 'https://mail.example.com',
    METRICS_TOKEN: '8JcPv2mQx0bT5sLw',
    SECRET_KEY: 'a key for tests of thirty-two characters',
  });
  const [owner, stranger] = [
    await createClient(system.call, system.keys.admin),
    await createClient(system.call, system.keys.admin),
  ];
  const past = new Date(Date.now() - 60_000);
  const keys = {
    readOnly: await addKey(system, owner.clientId, { scopes: ['read'] }),
    expired: await addKey(system, owner.clientId, { expiresAt: past }),
    revoked: await addKey(system, owner.clientId, { revokedAt: past }),
    unknown: createApiKey('live').text,
  };
  return {
    system,
    owner,
    stranger,
    keys,
    receiver,
    sns,
    make: createMakers(system, owner, receiver),
    async stop() {
      await system.stop();
      await receiver.stop();
      sns.stop();
    },
  };
}

type KeyFacts = { scopes?: Scope[]; expiresAt?: Date; revokedAt?: Date };

async function addKey(
  { database }: TestSystem,
  clientId: string,
  { scopes = ['send', 'read', 'templates'], expiresAt, revokedAt }: KeyFacts,
): Promise<string> {
  const { text, mode, prefix, secretHash } = createApiKey('live');
  const id = Bun.randomUUIDv7();
  await insertApiKey(database.db, {
    id,
    clientId,
    name: 'of a test',
    prefix,
    secretHash,
    scopes,
    mode,
    expiresAt: expiresAt ?? null,
  });
  if (revokedAt) await database.db.update(apiKeys).set({ revokedAt }).where(eq(apiKeys.id, id));
  if (!parseApiKey(text)) throw new Error('a key that is none');
  return text;
}

function createMakers(system: TestSystem, owner: Client, receiver: WebhookReceiver) {
  const { database, call } = system;
  const create = async (path: string, body: unknown, key = owner.live, method = 'POST') => {
    const answer = await call(method, path, { key, body });
    if (answer.status >= 300) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const mail = {
    to: 'ada@example.net',
    subject: OWNER_SECRET,
    text: OWNER_SECRET,
    tags: { kind: 'greeting' },
    unsubscribe: true,
  };
  const handedOver = async (status: 'unknown' | 'failed') => {
    const id = Bun.randomUUIDv7();
    await insertHandedOver(database, [id], { clientId: owner.clientId, status });
    return id;
  };
  return {
    clientId: async () => (await createClient(call, system.keys.admin)).clientId,
    /** One that was sent. */
    async message(key = owner.live): Promise<string> {
      const id = String((await create('/v1/messages', mail, key)).messageId);
      await system.waitUntilEnded(id, key);
      return id;
    },
    async messageWithFile(key: string): Promise<string> {
      const attachments = [{ filename: 'secret.txt', content: btoa(OWNER_SECRET) }];
      const id = String((await create('/v1/messages', { ...mail, attachments }, key)).messageId);
      await system.waitUntilEnded(id, key);
      return id;
    },
    async scheduled(): Promise<string> {
      const scheduledAt = new Date(Date.now() + 86_400_000).toISOString();
      return String((await create('/v1/messages', { ...mail, scheduledAt })).messageId);
    },
    unknown: () => handedOver('unknown'),
    failed: () => handedOver('failed'),
    async deadLetter(): Promise<string> {
      const id = await handedOver('failed');
      await database.db.execute(sql`
        update messages set last_error = ${`550 no such user ${OWNER_SECRET}`} where id = ${id}::uuid`);
      await database.transaction((tx) => insertDeadLetters(tx, [id]));
      return id;
    },
    /** With the source of the document's own example, under a name that no other test has. */
    async template(name = `t-${Bun.randomUUIDv7()}`): Promise<string> {
      const body = TEMPLATE_OPERATIONS['PUT /v1/templates/:name']?.example?.body;
      await create(`/v1/templates/${name}`, body, owner.live, 'PUT');
      return name;
    },
    async suppression(): Promise<string> {
      const email = `${OWNER_SECRET}-${Bun.randomUUIDv7()}@example.net`;
      return String((await create('/v1/suppressions', { email })).id);
    },
    async endpoint(): Promise<string> {
      const body = { url: receiver.url, events: ['message.spam'], description: OWNER_SECRET };
      const { id } = await create('/v1/webhook-endpoints', body);
      return String(id);
    },
    /** Endpoints are few for each client. */
    dropEndpoint: (id: string) => call('DELETE', `/v1/webhook-endpoints/${id}`, { key: owner.live }),
    async unsubscribeToken(): Promise<string> {
      const id = await this.message(owner.test);
      const { body } = await call('GET', `/v1/inbox/${id}`, { key: owner.test });
      const token = /\/u\/([^>\s]+)>/.exec(String(body.mime).replaceAll(/\r\n[ \t]/g, ''))?.[1];
      if (token === undefined) throw new Error('the mail has no unsubscribe link');
      return token;
    },
  };
}
