import { afterAll, beforeAll, expect, test } from 'bun:test';
import { describeOnBothProfiles, startSystem, type TestSystem } from './support/system.ts';
import { waitFor } from './support/wait-for.ts';
import { startWebhookReceiver } from './support/webhook-receiver.ts';

describeOnBothProfiles('the test addresses', (profile) => {
  let system: TestSystem;

  beforeAll(async () => {
    // Without an SMTP server, as the DEV role starts: live mail ends in the inbox too.
    system = await startSystem(profile, { SMTP_HOST: '', SMTP_PORT: '' });
  }, 60_000);

  afterAll(() => system.stop());

  const send = (to: string | string[], key = system.keys.live) =>
    system.send({ to, subject: 'Trial', text: 'x' }, key);
  const reach = (id: string, status: string, key = system.keys.live) =>
    waitFor(`${id} to be ${status}`, async () => {
      const { body } = await system.call('GET', `/v1/messages/${id}`, { key });
      return body.status === status ? body : null;
    });
  const isSuppressed = async (email: string) => {
    const { body } = await system.call('GET', `/v1/suppressions?email=${encodeURIComponent(email)}`, {
      key: system.keys.live,
    });
    return Array.isArray(body.data) && body.data.length > 0;
  };

  test('bounce@ is accepted, bounces for good, and is left alone from then on', async () => {
    const id = await send('bounce+1@test.mail');
    await reach(id, 'bounced');
    expect(await system.timelineOf(id)).toEqual([
      'accepted',
      'attempted',
      'rendered',
      'handed_over',
      'sent',
      'bounced',
    ]);
    expect(await isSuppressed('bounce+1@test.mail')).toBe(true);
    await reach(await send('bounce+1@test.mail'), 'suppressed');
    // Another tag is another address.
    await reach(await send('bounce+2@test.mail'), 'bounced');
  });

  test('complaint@ is delivered, then called spam', async () => {
    const id = await send('Complaint@TEST.mail');
    await reach(id, 'spam');
    expect((await system.timelineOf(id)).slice(-3)).toEqual(['sent', 'delivered', 'spam']);
    expect(await isSuppressed('complaint@test.mail')).toBe(true);
  });

  test('defer@ is put off once, then delivered', async () => {
    const id = await send('defer@test.mail');
    expect(await reach(id, 'delivered')).toMatchObject({ attempts: 2 });
    const timeline = await system.timelineOf(id);
    expect(timeline.filter((type) => type === 'deferred')).toHaveLength(1);
    expect(timeline.at(-1)).toBe('delivered');
  });

  test('slow@ takes its time', async () => {
    await reach(await send('slow@test.mail'), 'delivered');
  });

  test('timeout@ is cut off after the hand-over: nobody knows, until a person decides', async () => {
    const id = await send('timeout@test.mail');
    expect(await reach(id, 'unknown')).toMatchObject({ attempts: 1 });
    // It may have arrived: here it did.
    expect((await system.call('GET', `/v1/inbox/${id}`, { key: system.keys.live })).status).toBe(200);
    await system.call('POST', `/v1/messages/${id}/resolve`, { key: system.keys.live, body: { as: 'sent' } });
    await reach(id, 'sent');
  });

  test('of several recipients each has its own fate', async () => {
    const id = await send(['bounce+several@test.mail', 'ada@example.net', 'defer+several@test.mail']);
    const message = await waitFor('every recipient to have its end', async () => {
      const { body } = await system.call('GET', `/v1/messages/${id}`, { key: system.keys.live });
      const recipients = Array.isArray(body.recipients) ? body.recipients : [];
      return recipients.every(({ status }) => status === 'bounced' || status === 'delivered')
        ? recipients
        : null;
    });
    expect(message.map(({ email, status }) => [email, status])).toEqual([
      ['bounce+several@test.mail', 'bounced'],
      ['ada@example.net', 'delivered'],
      ['defer+several@test.mail', 'delivered'],
    ]);
  });

  test("what happens to them reaches the client's own webhooks", async () => {
    const receiver = startWebhookReceiver();
    const { body } = await system.call('POST', '/v1/webhook-endpoints', {
      key: system.keys.live,
      body: { url: receiver.url, events: ['message.bounced', 'message.spam'] },
    });
    const bounced = await send('bounce+told@test.mail');
    const spam = await send('complaint+told@test.mail');
    for (const [messageId, type] of [
      [bounced, 'message.bounced'],
      [spam, 'message.spam'],
    ])
      await receiver.waitForWebhook(({ json }) => json.type === type && json.data['messageId'] === messageId);
    await system.call('DELETE', `/v1/webhook-endpoints/${String(body.id)}`, { key: system.keys.live });
    await receiver.stop();
  });

  test('with a test key they behave so too, and nobody is suppressed', async () => {
    const id = await send('bounce+test@test.mail', system.keys.test);
    await reach(id, 'bounced', system.keys.test);
    expect(await isSuppressed('bounce+test@test.mail')).toBe(false);
    await reach(await send('bounce+test@test.mail', system.keys.test), 'bounced', system.keys.test);
  });

  test('a scheduled mail can be had now', async () => {
    const scheduledAt = new Date(Date.now() + 86_400_000).toISOString();
    const id = await system.send({ to: 'later@example.net', subject: 'Later', text: 'x', scheduledAt });
    await system.call('PATCH', `/v1/messages/${id}`, {
      key: system.keys.live,
      body: { scheduledAt: new Date().toISOString() },
    });
    await reach(id, 'delivered');
  });
});
