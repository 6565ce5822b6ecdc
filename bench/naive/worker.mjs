// What most people would write: read the row, the official render and plain text, nodemailer, one UPDATE.
import { Worker } from 'bullmq';
import { createTransport } from 'nodemailer';
import postgres from 'postgres';
import { createElement } from 'react';
import { render, toPlainText } from 'react-email';
import { connectionOf } from './connection.mjs';

const { default: Template, subject } = await import(process.env.TEMPLATE_MODULE);
const sql = postgres(process.env.DATABASE_URL, { onnotice: () => {} });
const transport = createTransport({
  host: '127.0.0.1',
  port: Number(process.env.SMTP_PORT),
  pool: true,
  maxConnections: 10,
  ignoreTLS: true,
});
const worker = new Worker(
  'naive',
  async ({ data: { id } }) => {
    const [mail] = await sql`select recipient, props from mails where id = ${id}`;
    const html = await render(createElement(Template, mail.props));
    await transport.sendMail({
      from: 'shop@example.com',
      to: mail.recipient,
      subject: subject(mail.props),
      html,
      text: toPlainText(html),
    });
    await sql`update mails set status = 'sent' where id = ${id}`;
  },
  { connection: connectionOf(process.env.REDIS_URL), concurrency: 10 },
);
await worker.waitUntilReady();
console.log(JSON.stringify({ msg: 'started' }));
