export { type Inbox, openInbox, type ReceivedMail, type WaitForMail } from './testing/inbox.ts';
export type { MailMatch } from './testing/mail-match.ts';
export type { FailureCode, SentMessage } from './testing/fake-service.ts';
export { createTestMailer, type TestMailer } from './testing/test-mailer.ts';
