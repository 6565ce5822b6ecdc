/**
 * Held by the type check alone: what the SDK takes and gives is known field by field, all the way from the server's routes.
 * Each line marked as an error must be one.
 */
import type { Mailer, Message } from '../src/index.ts';

export async function useMailer(mailer: Mailer): Promise<void> {
  const { messageId, createdAt } = await mailer.send({
    to: ['ada@example.com'],
    template: 'welcome',
    props: { any: 1 },
    tags: { a: 'b' },
  });
  expectText(messageId);
  expectText(createdAt);
  // @ts-expect-error a misspelt field
  await mailer.send({ to: 'ada@example.com', subjct: 'x', text: 'x' });
  // @ts-expect-error a recipient is a text
  await mailer.send({ to: 5, subject: 'x', text: 'x' });
  // @ts-expect-error nobody to send to
  await mailer.send({ subject: 'x', text: 'x' });
  // @ts-expect-error tags are texts
  await mailer.send({ to: 'ada@example.com', text: 'x', tags: { a: 1 } });

  const message: Message = await mailer.messages.get(messageId);
  expectText(message.recipients[0]?.email ?? '');
  // @ts-expect-error a message has no such field
  expectText(message.nothing);
  // @ts-expect-error a status is one of a closed list
  if (message.status === 'sennt') return;
  const events = await mailer.messages.events(messageId);
  expectText(events[0]?.at ?? '');
}

function expectText(_text: string): void {}
