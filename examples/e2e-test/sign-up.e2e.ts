/**
 * An end-to-end test: signs up, waits for the mail and follows the link in it. Against `./dev start`, or with a key of test mode
 * against any service:
 *
 *   MAIL_BASE_URL=http://127.0.0.1:3025 MAIL_API_KEY=mk_test_... bun test ./examples/e2e-test/sign-up.e2e.ts
 */
import { expect, test } from 'bun:test';
import { createMailer } from '@org/mail-sdk';
import { openInbox } from '@org/mail-sdk/testing';
import { createSignUp } from './sign-up.ts';

test('whoever signs up is let in by the link in the mail', async () => {
  const inbox = await openInbox();
  const signUp = createSignUp(createMailer());
  // An address of this run alone, so that runs side by side don't meet.
  const email = `ada+${crypto.randomUUID()}@example.com`;

  await signUp.register(email);
  expect(signUp.isConfirmed(email)).toBe(false);

  const mail = await inbox.waitFor({ to: email, subject: /confirm/i });
  const [link] = mail.links;
  signUp.confirm(new URL(link ?? ''));
  expect(signUp.isConfirmed(email)).toBe(true);
});
