/**
 * Sends one mail and follows it to its end. Run it beside `./dev start`:
 *
 *   MAIL_BASE_URL=http://127.0.0.1:3025 MAIL_API_KEY=mk_live_... bun examples/bun-script/send.ts ada@example.com
 */
import { createMailer, MailError } from '@org/mail-sdk';

try {
  const mailer = createMailer();
  const { messageId } = await mailer.send({
    to: process.argv[2] ?? 'ada@example.com',
    subject: 'Hello from a script',
    text: 'Sent by examples/bun-script.',
    tags: { source: 'example' },
  });
  const { status } = await mailer.messages.waitFor(messageId);
  console.log(`${status} ${messageId}`);
} catch (error) {
  if (!(error instanceof MailError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
