import { afterAll, beforeAll, expect, test } from 'bun:test';
import { applyProviderEvents } from '../src/lib/db/provider-events.ts';
import { describeOnBothProfiles, startSystem, type TestSystem } from './support/system.ts';

/** What the worker, the provider's events and people do to one message, together. */
describeOnBothProfiles('from a failure to the next mail', (profile) => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await startSystem(profile);
  }, 60_000);

  afterAll(() => system.stop());

  const call = (method: string, path: string, body?: unknown) =>
    system.call(method, path, { key: system.keys.live, ...(body === undefined ? {} : { body }) });

  test('refused for good: a dead letter with every step, until a retry sends it', async () => {
    system.sink.setPlan({ recipient: () => ({ code: 550, text: 'closed today' }) });
    const id = await system.send({ to: 'closed@example.net', subject: 'Again', text: 'x' });
    expect(await system.waitUntilEnded(id)).toMatchObject({ status: 'failed' });
    system.sink.setPlan({});
    const letter = await call('GET', `/v1/dead-letters/${id}`);
    expect(letter.body).toMatchObject({
      messageId: id,
      provider: 'smtp',
      attempts: 1,
      recipient: 'closed@example.net',
      reason: expect.stringContaining('closed today'),
    });
    const history: unknown[] = Array.isArray(letter.body.history) ? letter.body.history : [];
    expect(
      history.map((event) => (typeof event === 'object' && event && 'type' in event ? event.type : null)),
    ).toEqual(await system.timelineOf(id));
    const retried = await call('POST', '/v1/dead-letters/retry', { reason: 'closed today' });
    expect(retried.body).toEqual({ retried: 1, hasMore: false });
    expect(await system.waitUntilEnded(id)).toMatchObject({ status: 'sent' });
    expect((await call('GET', `/v1/dead-letters/${id}`)).status).toBe(404);
  });

  test('one that fails again leaves a letter again', async () => {
    system.sink.setPlan({ recipient: () => ({ code: 550, text: 'closed for ever' }) });
    const id = await system.send({ to: 'never@example.net', subject: 'Never', text: 'x' });
    await system.waitUntilEnded(id);
    expect((await call('POST', `/v1/messages/${id}/retry`)).status).toBe(200);
    expect(await system.waitUntilEnded(id)).toMatchObject({ status: 'failed' });
    system.sink.setPlan({});
    const { body } = await call('GET', `/v1/dead-letters/${id}`);
    expect(JSON.stringify(body.history)).toContain('retried');
  });

  test('after a hard bounce the address gets no mail, until it is taken off the list', async () => {
    const to = 'Bounced@example.net';
    const first = await system.send({ to, subject: 'One', text: 'x' });
    await system.waitUntilEnded(first);
    await applyProviderEvents(system.database, [
      {
        providerEventId: 'bounce-1',
        provider: 'smtp',
        providerMessageId: 'p',
        messageId: first,
        type: 'bounced_hard',
        recipient: to,
        occurredAt: new Date(),
        detail: '550 gone',
      },
    ]);
    const second = await system.send({ to, subject: 'Two', text: 'x' });
    expect(await system.waitUntilEnded(second)).toMatchObject({ status: 'suppressed' });
    const both = await system.send({ to: [to, 'fine@example.net'], subject: 'Three', text: 'x' });
    expect(await system.waitUntilEnded(both)).toMatchObject({
      status: 'sent',
      recipients: [{ status: 'suppressed' }, { status: 'sent' }],
    });
    expect((await call('DELETE', `/v1/suppressions/${encodeURIComponent(to)}`)).status).toBe(204);
    const last = await system.send({ to, subject: 'Four', text: 'x' });
    expect(await system.waitUntilEnded(last)).toMatchObject({ status: 'sent' });
    const received = system.sink.mails.filter((mail) => mail.to.includes(to));
    expect(received).toHaveLength(2);
  });
});
