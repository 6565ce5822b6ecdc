/**
 * The limit of delivering: React's static render in this process, one base64 part, pipelined SMTP, batched updates. No
 * sandbox, Tailwind, text part, lease, checkpoint, timeline or retry.
 */
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import postgres from 'postgres';
import { createGroupCommit } from '../../server/src/lib/group-commit.ts';
import { lowerCpuPriority } from '../../server/src/lib/cpu-priority.ts';
import { readMails } from '../mails.ts';
import { loadReferenceRenderers } from '../reference-renderers.ts';
import { type ControlJob, type ControlMail, QUEUE } from './schema.ts';
import { connectControlSmtp } from './smtp.ts';

const { DATABASE_URL = '', REDIS_URL = '', SMTP_PORT = '', WORKER_NICE = '0' } = process.env;
const CONCURRENCY = 100;
const CONNECTIONS = 10;

// As the service's own worker does: the limit must not be one of scheduling.
lowerCpuPriority(Number(WORKER_NICE));
const mails = readMails().filter(({ name }) => name === 'receipt');
const [mail] = mails;
if (!mail) throw new Error('there is no receipt');
const renderers = await loadReferenceRenderers(mails);
const sql = postgres(DATABASE_URL, { max: 4, onnotice: () => {} });
const smtp = await connectControlSmtp(Number(SMTP_PORT), CONNECTIONS);

const load = createGroupCommit<string, ControlMail>({
  async flush(ids) {
    const rows = await sql<ControlMail[]>`select id, recipient, body from mails where id = any(${[...ids]})`;
    const byId = new Map(rows.map((row) => [row.id, row]));
    return ids.map((id) => {
      const value = byId.get(id);
      return value ? { ok: true, value } : { ok: false, error: new Error(`there is no mail ${id}`) };
    });
  },
});

const record = createGroupCommit<string, void>({
  async flush(ids) {
    await sql`update mails set status = 'sent' where id = any(${[...ids]})`;
    return ids.map(() => ({ ok: true, value: undefined }));
  },
});

function compose({ id, recipient }: ControlMail, html: string): Uint8Array {
  const body = Buffer.from(html).toString('base64').replace(/.{76}/g, '$&\r\n');
  return Buffer.from(
    `Message-ID: <${id}@example.com>\r\nFrom: shop@example.com\r\nTo: ${recipient}\r\nSubject: Your receipt\r\nDate: ${new Date().toUTCString()}\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${body}`,
    'latin1',
  );
}

const worker = new Worker<ControlJob>(
  QUEUE,
  async ({ data }) => {
    const row = await load.add(data.id);
    const html = renderers.limit(mail, JSON.parse(row.body).props);
    await smtp.send({ from: 'shop@example.com', to: row.recipient, mime: compose(row, html) });
    await record.add(row.id);
  },
  { connection: new Redis(REDIS_URL, { maxRetriesPerRequest: null }), concurrency: CONCURRENCY },
);
await worker.waitUntilReady();
console.log(JSON.stringify({ msg: 'started' }));
