import { describe, expect, test } from 'bun:test';
import { createTestMailer } from '../testing.ts';

const hello = { to: 'Ada <ada@example.com>', subject: 'Hello', text: 'Hello Ada' };

describe('the test mailer', () => {
  test('keeps what was sent, as the service would have got it', async () => {
    const mailer = createTestMailer();
    const { messageId, status } = await mailer.send({
      ...hello,
      cc: ['grace@example.com'],
      tags: { a: 'b' },
    });
    expect(status).toBe('queued');
    expect(mailer.sent).toEqual([{ ...hello, cc: ['grace@example.com'], tags: { a: 'b' }, id: messageId }]);
    expect(mailer.expectSent({ to: 'GRACE@example.com', subject: /ell/ }).id).toBe(messageId);
  });

  test('says what was sent instead of what was expected', async () => {
    const mailer = createTestMailer();
    expect(() => mailer.expectSent()).toThrow('Nothing was sent');
    await mailer.send(hello);
    expect(() => mailer.expectSent({ template: 'welcome' })).toThrow('Ada <ada@example.com>: Hello');
    expect(() => mailer.expectNotSent({ to: 'ada@example.com' })).toThrow('should not');
    mailer.expectNotSent({ to: 'bob@example.com' });
    await mailer.send({ to: 'bob@example.com', template: 'welcome@2' });
    mailer.expectSent({ template: 'welcome' });
    await mailer.send(hello);
    expect(() => mailer.expectSent({ subject: 'Hello' })).toThrow('2 times');
  });

  test('fails as planned, and then no more', async () => {
    const mailer = createTestMailer();
    mailer.failNext('rate_limited');
    mailer.failNext('network_error', 2);
    const codes = [];
    for (let calls = 0; calls < 4; calls += 1)
      codes.push((await mailer.safe.send(hello)).error?.code ?? null);
    expect(codes).toEqual(['rate_limited', 'network_error', 'network_error', null]);
    expect(mailer.sent).toHaveLength(1);
  });

  test('repeats as the real one does where it is told to, and sends nothing twice', async () => {
    const mailer = createTestMailer({ retry: { baseDelayMs: 0 } });
    mailer.failNext('service_unavailable', 2);
    await mailer.send(hello);
    await mailer.send(hello, { idempotencyKey: 'k' });
    await mailer.send(hello, { idempotencyKey: 'k' });
    expect(mailer.sent).toHaveLength(2);
  });

  test('tells what became of a message, as far as the test says', async () => {
    const mailer = createTestMailer();
    const { messageId } = await mailer.send(hello);
    expect(await mailer.messages.get(messageId)).toMatchObject({
      status: 'queued',
      recipient: 'ada@example.com',
    });
    mailer.setStatus(messageId, 'delivered');
    expect(await mailer.messages.waitFor(messageId, 'sent')).toMatchObject({ status: 'delivered' });
    expect((await mailer.messages.list()).data.map(({ id }) => id)).toEqual([messageId]);
    expect(await mailer.messages.content(messageId)).toMatchObject({ subject: 'Hello', text: 'Hello Ada' });
    mailer.setStatus(messageId, 'bounced');
    expect((await mailer.safe.messages.waitFor(messageId, 'delivered')).error?.code).toBe('message_ended');
    mailer.clear();
    expect(mailer.sent).toEqual([]);
    expect((await mailer.safe.messages.get(messageId)).error?.code).toBe('not_found');
  });

  test('takes batches, schedules and what is taken back', async () => {
    const mailer = createTestMailer();
    const { accepted, data } = await mailer.sendBatch([hello, { ...hello, to: 'bob@example.com' }]);
    expect([accepted, data.length, mailer.sent.length]).toEqual([2, 2, 2]);
    const { error } = await mailer.safe.sendBatch([{ to: 'ada@example.com' }]);
    expect(error?.code).toBe('batch_rejected');
    const scheduledAt = new Date(Date.now() + 3_600_000);
    const { messageId, status } = await mailer.send({ ...hello, scheduledAt });
    expect(status).toBe('scheduled');
    const later = new Date(scheduledAt.getTime() + 1000);
    expect(await mailer.messages.reschedule(messageId, later)).toMatchObject({
      scheduledAt: later.toISOString(),
    });
    expect(await mailer.messages.cancel(messageId)).toMatchObject({ status: 'canceled' });
    expect((await mailer.safe.messages.cancel(messageId)).error?.code).toBe('not_cancelable');
  });

  test('refuses what says nothing, and routes that nobody planted', async () => {
    const mailer = createTestMailer();
    expect((await mailer.safe.send({ to: 'ada@example.com' })).error?.code).toBe('invalid_request');
    expect((await mailer.safe.templates.get('welcome')).error?.message).toContain('answer()');
    mailer.answer('GET', '/v1/templates/welcome', { name: 'welcome', version: 3 });
    expect(await mailer.templates.get('welcome')).toMatchObject({ version: 3 });
  });
});
