import { expect } from 'bun:test';
import { createMailer, type Mailer } from '@org/mail-sdk';
import { recordBreakerChange } from '../../server/src/lib/db/breaker-changes.ts';
import { insertHandedOver } from '../../server/test/support/handed-over.ts';
import { createClient, type TestSystem } from '../../server/test/support/system.ts';
import { runMailctl } from './mailctl.ts';

/** What a case works with: a client and a folder that no other run of a command has. */
export type Scene = {
  system: TestSystem;
  folder: string;
  live: Mailer;
  admin: Mailer;
  clientId: string;
  keys: { live: string; admin: string };
  /** Takes what a webhook is sent. */
  receiverUrl: string;
};

/** One command as it is run twice: by a program, and by a person. */
export type CommandCase = {
  /** Prepares what the command needs, and says what it is called with. */
  args: (scene: Scene) => readonly string[] | Promise<readonly string[]>;
  /** Whose key it is called with; null for none. Default: the client's. */
  key?: 'admin' | null;
  /** What the answer in JSON matches; for `raw` what the text holds. */
  answers: unknown;
  isRaw?: boolean;
  /** What a person sees of it. */
  shows: string;
  /** It asks before it acts: a program passes `--yes`, a person is shown this. */
  asks?: string;
  /** It goes on until Ctrl-C, and ends with this. */
  endsWith?: number;
};

const HELLO = 'templates/hello';
const SUBJECT = { subject: 'Hello', text: 'Hello' };

/** Handed to a provider whose answer was lost, long ago. */
async function createUnknown({ system, clientId }: Scene): Promise<string> {
  const id = Bun.randomUUIDv7();
  await insertHandedOver(system.database, [id], {
    clientId,
    recipients: ['lost@example.net'],
    status: 'unknown',
  });
  return id;
}

async function createFailed(scene: Scene): Promise<string> {
  const id = await createUnknown(scene);
  await scene.live.messages.resolve(id, 'failed');
  return id;
}

async function createSent({ live }: Scene): Promise<string> {
  const { messageId } = await live.send({ to: 'ada@example.net', ...SUBJECT });
  await live.messages.waitFor(messageId);
  return messageId;
}

async function createScheduled({ live }: Scene): Promise<string> {
  const scheduledAt = new Date(Date.now() + 3_600_000);
  return (await live.send({ to: 'ada@example.net', ...SUBJECT, scheduledAt })).messageId;
}

async function createTemplate({ live }: Scene, versions = 1): Promise<string> {
  for (let version = 1; version <= versions; version += 1) {
    const source = `export const subject = 'Version ${version}'; export default () => <p>{${version}}</p>;`;
    await live.templates.push('plain', { entry: 'index.tsx', files: { 'index.tsx': source } });
  }
  return 'plain';
}

async function createEndpoint({ live, receiverUrl }: Scene): Promise<string> {
  return (await live.webhookEndpoints.create({ url: receiverUrl, events: ['*'] })).id;
}

async function createOther({ system, keys }: Scene): Promise<string> {
  return (await createClient(system.call, keys.admin)).clientId;
}

async function createKey({ admin, clientId }: Scene): Promise<string[]> {
  const { id } = await admin.keys.create(clientId, { name: 'spare' });
  return [id, '--client', clientId];
}

/** Runs mailctl on the folder's own database, which no service has open. */
async function onDatabase({ folder }: Scene, ...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runMailctl(args, { env: { MAILER_DIR: `${folder}/.mailer` } });
  if (exitCode !== 0) throw new Error(stderr);
  return stdout;
}

async function createAdminKey(scene: Scene): Promise<string[]> {
  await onDatabase(scene, 'migrate');
  return [String(JSON.parse(await onDatabase(scene, 'admin', 'key', 'create', '--name', 'ada')).id)];
}

const listOf = (item: object) => ({ data: [item] });

/** By the words of the command. What is missing here is told by a test. */
export const COMMAND_CASES: Readonly<Record<string, CommandCase>> = {
  init: {
    args: () => ['project', '--template', 'none'],
    key: null,
    answers: { folder: 'project', kept: [] },
    shows: 'project/package.json',
  },
  dev: {
    args: () => ['--port', '0'],
    key: null,
    answers: { profile: 'embedded', templates: [{ name: 'hello', ok: true }] },
    shows: 'Ctrl-C stops.',
    endsWith: 0,
  },
  preview: {
    args: () => ['--port', '0'],
    key: null,
    answers: { dir: 'templates', templates: ['hello'], service: null },
    shows: 'Ctrl-C stops.',
    endsWith: 0,
  },
  login: {
    args: ({ system, keys }) => ['--url', system.url, '--api-key', keys.live],
    key: null,
    answers: { profile: 'default', identity: { kind: 'client' } },
    shows: 'logged in',
  },
  logout: {
    args: () => ['--all'],
    key: null,
    answers: { loggedOut: [] },
    shows: 'logged out',
    asks: 'Forget 0 logins',
  },
  whoami: { args: () => [], answers: { kind: 'client', keyFrom: 'environment' }, shows: 'templates' },
  'profile list': { args: () => [], key: null, answers: { data: [] }, shows: 'Nobody is logged in here yet' },
  'profile use': {
    async args({ system, keys, folder }) {
      await logIn({ url: system.url, key: keys.live, folder });
      return ['default'];
    },
    key: null,
    answers: { current: 'default' },
    shows: 'current',
  },
  doctor: { args: () => [], answers: { ok: true }, shows: 'agrees with the service' },
  send: {
    args: () => ['--to', 'ada@example.net', '--subject', 'Hello', '--text', 'Hello', '--wait'],
    answers: { status: 'sent' },
    shows: 'sent',
  },
  'template new': { args: () => ['fresh'], key: null, answers: { name: 'fresh' }, shows: 'created' },
  'template list': {
    args: async (scene) => (await createTemplate(scene), []),
    answers: listOf({ name: 'plain' }),
    shows: 'plain',
  },
  'template push': {
    args: () => [],
    answers: listOf({ name: 'hello', pushed: true }),
    shows: 'version 1',
  },
  'template pull': {
    args: async (scene) => [await createTemplate(scene)],
    answers: listOf({ name: 'plain', version: 1 }),
    shows: 'pulled',
  },
  'template diff': { args: () => [], answers: listOf({ change: 'new' }), shows: 'hello is new' },
  'template render': {
    args: () => [HELLO],
    answers: { name: 'hello', subject: 'Hello' },
    shows: 'Hello',
  },
  'template lint': { args: () => [], key: null, answers: listOf({ ok: true }), shows: 'hello' },
  'template types': {
    args: () => [],
    key: null,
    answers: { changed: true, templates: ['hello'] },
    shows: 'written',
  },
  'template versions': {
    args: async (scene) => [await createTemplate(scene)],
    answers: listOf({ version: 1, isCurrent: true }),
    shows: 'current',
  },
  'template rollback': {
    args: async (scene) => [await createTemplate(scene, 2)],
    answers: { version: 1, previousVersion: 2 },
    shows: 'version 1 again',
  },
  'template delete': {
    args: async (scene) => [await createTemplate(scene)],
    answers: { deleted: ['plain'] },
    shows: 'deleted',
    asks: 'Delete plain',
  },
  'message list': {
    args: async (scene) => (await createSent(scene), []),
    answers: listOf({ status: 'sent', subject: 'Hello' }),
    shows: 'Hello',
  },
  'message get': {
    args: async (scene) => [await createSent(scene)],
    answers: { status: 'sent', events: [{ type: 'accepted' }, {}, {}, {}, { type: 'sent' }] },
    shows: 'handed_over',
  },
  'message events': {
    args: async (scene) => [await createSent(scene)],
    answers: { data: [{ type: 'accepted' }, {}, {}, {}, { type: 'sent' }] },
    shows: 'handed_over',
  },
  'message content': {
    args: async (scene) => [await createSent(scene)],
    answers: { subject: 'Hello', text: 'Hello', exact: true },
    shows: 'Hello',
  },
  'message tail': {
    args: async (scene) => (await createSent(scene), ['--since', '1h']),
    answers: { type: 'accepted' },
    shows: 'accepted',
    endsWith: 130,
  },
  'message cancel': {
    args: async (scene) => [await createScheduled(scene)],
    answers: listOf({ status: 'canceled' }),
    shows: 'canceled',
    asks: 'Cancel ',
  },
  'message retry': {
    args: async (scene) => [await createFailed(scene)],
    answers: listOf({ status: 'queued' }),
    shows: 'queued',
  },
  'message resolve': {
    args: async (scene) => [await createUnknown(scene), '--as', 'retry'],
    answers: listOf({ status: 'queued' }),
    shows: 'queued',
    asks: 'send it again?',
  },
  stats: {
    args: async (scene) => (await createSent(scene), []),
    answers: { mode: 'live', bucket: 'hour', total: 1, byStatus: { sent: 1 } },
    shows: '1 message',
  },
  'suppression list': {
    args: async ({ live }) => (await live.suppressions.add('no@example.net'), []),
    answers: listOf({ email: 'no@example.net', reason: 'manual' }),
    shows: 'no@example.net',
  },
  'suppression add': {
    args: () => ['no@example.net'],
    answers: { email: 'no@example.net' },
    shows: 'no@example.net',
  },
  'suppression remove': {
    args: async ({ live }) => [(await live.suppressions.add('no@example.net')).email],
    answers: { removed: 'no@example.net' },
    shows: 'is reached again',
    asks: 'Send to no@example.net again?',
  },
  'recipient erase': {
    args: async (scene) => (await createSent(scene), ['ada@example.net']),
    answers: { messages: 1, pending: 0, suppressionKept: false },
    shows: 'from 1 message.',
    asks: 'Erase ada@example.net',
  },
  'webhook create': {
    args: ({ receiverUrl }) => [receiverUrl, '--event', 'message.bounced'],
    answers: { events: ['message.bounced'], status: 'active' },
    shows: 'This is the only time the secret is shown.',
  },
  'webhook list': {
    args: async (scene) => (await createEndpoint(scene), []),
    answers: listOf({ status: 'active' }),
    shows: 'active',
  },
  'webhook test': {
    args: async (scene) => [await createEndpoint(scene)],
    answers: { deliveryId: expect.any(String) },
    shows: 'deliveryId',
  },
  'webhook replay': {
    args: async (scene) => [await createEndpoint(scene), '--since', '1h'],
    answers: { replayed: 0 },
    shows: 'replayed',
  },
  'webhook deliveries': {
    args: async (scene) => [await createEndpoint(scene)],
    answers: { data: [] },
    shows: 'Nothing was sent there yet.',
  },
  'webhook delete': {
    args: async (scene) => [await createEndpoint(scene)],
    answers: {},
    shows: 'is deleted',
    asks: 'Delete the endpoint',
  },
  'webhook listen': {
    args: async (scene) => (await createSent(scene), [scene.receiverUrl, '--since', '1h']),
    answers: { type: 'message.accepted', status: 200 },
    shows: 'message.accepted',
    endsWith: 130,
  },
  'client create': {
    args: () => [crypto.randomUUID()],
    key: 'admin',
    answers: { status: 'active', fromDomains: null },
    shows: 'active',
  },
  'client list': {
    args: () => ['--limit', '1'],
    key: 'admin',
    answers: listOf({ status: 'active' }),
    shows: 'active',
  },
  'client get': {
    args: ({ clientId }) => [clientId],
    key: 'admin',
    answers: { status: 'active' },
    shows: 'active',
  },
  'client update': {
    args: ({ clientId }) => [clientId, '--quota-limit', '7'],
    key: 'admin',
    answers: { quotaLimit: 7 },
    shows: 'quotaLimit',
  },
  'client suspend': {
    args: async (scene) => [await createOther(scene)],
    key: 'admin',
    answers: { status: 'suspended' },
    shows: 'suspended',
    asks: 'Suspend ',
  },
  'client delete': {
    args: async (scene) => [await createOther(scene)],
    key: 'admin',
    answers: { removed: { messages: 0 } },
    shows: 'is deleted',
    asks: 'Delete ',
  },
  'key create': {
    args: ({ clientId }) => ['ci', '--client', clientId, '--scope', 'read'],
    key: 'admin',
    answers: { name: 'ci', scopes: ['read'] },
    shows: 'This is the only time the key is shown',
  },
  'key list': {
    args: ({ clientId }) => ['--client', clientId],
    key: 'admin',
    answers: { data: [{ revokedAt: null }, { revokedAt: null }] },
    shows: 'send, read, templates',
  },
  'key rotate': {
    args: createKey,
    key: 'admin',
    answers: { name: 'spare' },
    shows: 'This is the only time the key is shown',
    asks: 'Rotate ',
  },
  'key revoke': {
    args: createKey,
    key: 'admin',
    answers: {},
    shows: 'is revoked',
    asks: 'Revoke ',
  },
  'dead-letter list': {
    args: async (scene) => (await createFailed(scene), []),
    answers: listOf({ recipient: 'lost@example.net' }),
    shows: 'resolved',
  },
  'dead-letter retry': {
    args: async (scene) => (await createFailed(scene), ['--all']),
    answers: { retried: 1 },
    shows: '1 retried',
    asks: 'Send again: every one?',
  },
  'dead-letter discard': {
    args: async (scene) => [await createFailed(scene)],
    answers: { discarded: 1 },
    shows: '1 discarded',
    asks: 'Discard: 1 of them?',
  },
  'provider list': {
    args: async (scene) => (await createSent(scene), []),
    key: 'admin',
    answers: listOf({ name: 'smtp' }),
    shows: 'closed',
  },
  'provider events': {
    async args({ system }) {
      const change = {
        provider: 'smtp',
        kind: 'opened',
        reason: 'timeouts',
        worker: Bun.randomUUIDv7(),
      } as const;
      await recordBreakerChange(system.database, change);
      return ['smtp', '--limit', '1'];
    },
    key: 'admin',
    answers: listOf({ kind: 'opened', reason: 'timeouts' }),
    shows: 'timeouts',
  },
  'queue status': { args: () => [], key: 'admin', answers: { paused: false }, shows: 'paused' },
  'queue pause': {
    args: () => [],
    key: 'admin',
    answers: { paused: true },
    shows: 'true',
    asks: 'Pause sending for every client?',
  },
  'queue resume': { args: () => [], key: 'admin', answers: { paused: false }, shows: 'false' },
  migrate: { args: () => [], key: null, answers: { status: 'migrated' }, shows: 'is up to date' },
  'admin bootstrap': {
    args: async (scene) => (await onDatabase(scene, 'migrate'), []),
    key: null,
    answers: { key: expect.stringMatching(/^mk_live_/) },
    shows: 'This is the only time it is shown',
  },
  'admin key create': {
    args: async (scene) => (await onDatabase(scene, 'migrate'), ['--name', 'ada', '--expires', '30d']),
    key: null,
    answers: { name: 'ada', scopes: ['admin'], key: expect.stringMatching(/^mk_live_/) },
    shows: 'This is the only time the key is shown',
  },
  'admin key list': {
    args: async (scene) => (await createAdminKey(scene), []),
    key: null,
    answers: listOf({ name: 'ada', scopes: ['admin'], revokedAt: null }),
    shows: 'ada',
  },
  'admin key rotate': {
    args: createAdminKey,
    key: null,
    answers: { name: 'ada', replaces: { name: 'ada' } },
    shows: 'This is the only time the key is shown',
    asks: 'Rotate ',
  },
  'admin key revoke': {
    args: createAdminKey,
    key: null,
    answers: { goodKeys: 0, hint: expect.stringContaining('mailctl admin bootstrap') },
    shows: 'admin bootstrap',
    asks: 'Revoke ',
  },
  completion: {
    args: () => ['bash'],
    key: null,
    answers: 'complete -o default -F _mailctl mailctl',
    isRaw: true,
    shows: 'complete -o default',
  },
  commands: { args: () => [], key: null, answers: { name: 'mailctl' }, shows: 'mailctl message tail' },
};

/** Keeps a login in a folder's own configuration, as `mailctl login` does. */
async function logIn({ url, key, folder }: { url: string; key: string; folder: string }): Promise<void> {
  const config = { current: null, profiles: { default: { url, keyIn: 'file' } } };
  await Bun.write(`${folder}/config/mailctl/config.json`, JSON.stringify(config));
  await Bun.write(`${folder}/config/mailctl/credentials.json`, JSON.stringify({ default: key }));
}

/** A scene in a folder, with a client of its own. */
export async function createScene(
  system: TestSystem,
  { folder, receiverUrl }: { folder: string; receiverUrl: string },
): Promise<Scene> {
  const { clientId, live } = await createClient(system.call, system.keys.admin);
  await Bun.write(
    `${folder}/${HELLO}/index.tsx`,
    `import { Html, Preview, Text } from 'react-email';
export const subject = 'Hello';
export default () => <Html lang="en"><Preview>Hello</Preview><Text>Hello</Text></Html>;
`,
  );
  return {
    system,
    folder,
    clientId,
    receiverUrl,
    live: createMailer({ baseUrl: system.url, apiKey: live }),
    admin: createMailer({ baseUrl: system.url, apiKey: system.keys.admin }),
    keys: { live, admin: system.keys.admin },
  };
}
