/**
 * The limit of accepting: a bare server without keys, limits, templates, schemas or idempotency that makes a mail durable and enqueues
 * it. Concurrent requests share one insert and one `addBulk`.
 */
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import postgres from 'postgres';
import { createGroupCommit } from '../../server/src/lib/group-commit.ts';
import { type ControlJob, type ControlMail, createControlTable, QUEUE } from './schema.ts';

/** JSON has no control characters outside its escapes, so that whole bodies can be sent between them without being written anew. */
const SEPARATOR = '\u0001';
const INSERT = `insert into mails (id, recipient, body)
  select * from unnest(string_to_array($1, $4)::uuid[], string_to_array($2, $4), string_to_array($3, $4))`;

const { DATABASE_URL = '', REDIS_URL = '' } = process.env;
const sql = postgres(DATABASE_URL, { max: 4, onnotice: () => {} });
await createControlTable(sql);
const queue = new Queue<ControlJob>(QUEUE, {
  connection: new Redis(REDIS_URL, { maxRetriesPerRequest: null }),
  defaultJobOptions: { removeOnComplete: true },
});

const enqueue = createGroupCommit<string, void>({
  // Nobody waits for it, and what comes together costs less.
  slots: 1,
  lingerMs: () => 10,
  async flush(ids) {
    await queue.addBulk(ids.map((id) => ({ name: 'deliver', data: { id }, opts: { jobId: id } })));
    return ids.map(() => ({ ok: true, value: undefined }));
  },
});

const ingest = createGroupCommit<ControlMail, void>({
  async flush(mails) {
    const lists = (['id', 'recipient', 'body'] as const).map((key) =>
      mails.map((mail) => mail[key]).join(SEPARATOR),
    );
    await sql.unsafe(INSERT, [...lists, SEPARATOR], { prepare: true });
    for (const { id } of mails) void enqueue.add(id);
    return mails.map(() => ({ ok: true, value: undefined }));
  },
});

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  async fetch(request) {
    // Kept as it came: what has been parsed once need not be written again.
    const text = await request.text();
    const body: unknown = JSON.parse(text);
    if (typeof body !== 'object' || body === null || !('to' in body) || typeof body.to !== 'string')
      return new Response(null, { status: 422 });
    const id = Bun.randomUUIDv7();
    await ingest.add({ id, recipient: body.to, body: text });
    return Response.json({ messageId: id }, { status: 202 });
  },
});
console.log(JSON.stringify({ msg: 'started', url: `http://127.0.0.1:${server.port}` }));
