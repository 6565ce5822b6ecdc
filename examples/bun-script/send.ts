/**
 * Sends one mail and follows it to its end. Run it beside `./dev start`:
 *
 *   MAIL_API_KEY=mk_live_... bun examples/bun-script/send.ts ada@example.com
 */
import { createMailer, MailError } from '@org/mail-sdk';

const mailer = createMailer({
  baseUrl: process.env.MAIL_BASE_URL ?? 'http://127.0.0.1:3025',
  apiKey: process.env.MAIL_API_KEY ?? '',
});

const UNFINISHED: readonly string[] = ['queued', 'sending'];

try {
  const { messageId } = await mailer.send({
    to: process.argv[2] ?? 'ada@example.com',
    subject: 'Hello from a script',
    text: 'Sent by examples/bun-script.',
    tags: { source: 'example' },
  });
  let message = await mailer.messages.get(messageId);
  while (UNFINISHED.includes(message.status)) {
    await Bun.sleep(100);
    message = await mailer.messages.get(messageId);
  }
  console.log(`${message.status} ${messageId}`);
} catch (error) {
  if (!(error instanceof MailError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
