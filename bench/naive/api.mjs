// What most people would write: Express, one INSERT, one add to a queue.
import { randomUUID } from 'node:crypto';
import { Queue } from 'bullmq';
import express from 'express';
import postgres from 'postgres';
import { connectionOf } from './connection.mjs';

const sql = postgres(process.env.DATABASE_URL, { onnotice: () => {} });
await sql`create table if not exists mails (
  id uuid primary key, recipient text not null, template text not null, props jsonb not null,
  status text not null default 'queued', created_at timestamptz not null default now())`;
const queue = new Queue('naive', { connection: connectionOf(process.env.REDIS_URL) });

const app = express();
app.use(express.json());
// Express 5 passes a rejection on to its own error handler.
// oxlint-disable-next-line no-async-endpoint-handlers
app.post('/v1/messages', async (request, response) => {
  const { to, template, props } = request.body;
  if (typeof to !== 'string' || typeof template !== 'string') {
    response.status(422).json({ error: 'to and template are needed' });
    return;
  }
  const id = randomUUID();
  await sql`insert into mails (id, recipient, template, props) values (${id}, ${to}, ${template}, ${sql.json(props ?? {})})`;
  await queue.add('deliver', { id });
  response.status(202).json({ messageId: id });
});
const server = app.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ msg: 'started', url: `http://127.0.0.1:${server.address().port}` }));
});
