import { afterAll, beforeAll, expect, test } from 'bun:test';
import { findFreePort } from './support/free-port.ts';
import { type SmtpSink, startSmtpSink } from './support/smtp-sink.ts';
import { describeOnBothProfiles, startSystem, type TestSystem } from './support/system.ts';

describeOnBothProfiles('a message whose first provider is down', (profile) => {
  let system: TestSystem;
  let backup: SmtpSink;

  beforeAll(async () => {
    backup = await startSmtpSink();
    const smtp = { kind: 'smtp', host: '127.0.0.1' };
    system = await startSystem(profile, {
      SMTP_HOST: '',
      SMTP_PORT: '',
      RETRY_BASE_MS: '20',
      PROVIDERS: JSON.stringify([
        { ...smtp, name: 'first', port: await findFreePort() },
        { ...smtp, name: 'second', port: backup.port },
      ]),
    });
  }, 60_000);

  afterAll(async () => {
    await system.stop();
    await backup.stop();
  });

  const send = () => system.send({ to: 'a@example.net', subject: 'x', text: 'x' });

  test('goes on to the next at once, and its timeline says so', async () => {
    const id = await send();
    expect(await system.waitUntilEnded(id)).toMatchObject({
      status: 'sent',
      attempts: 1,
      provider: 'second',
    });
    const { body } = await system.call('GET', `/v1/messages/${id}/events`, { key: system.keys.live });
    expect(body.data).toMatchObject([
      { type: 'accepted' },
      { type: 'attempted' },
      { type: 'failed_over', provider: 'first' },
      { type: 'rendered' },
      { type: 'handed_over', provider: 'second' },
      { type: 'sent', provider: 'second' },
    ]);
    expect(backup.mails).toHaveLength(1);
  }, 60_000);

  test('stays with the one that its client is bound to, and is tried there again', async () => {
    const bindTo = (provider: string) =>
      system.database.query('update clients set provider = $2::text where id = $1::uuid', [
        system.clientId,
        provider,
      ]);
    backup.clear();
    await bindTo('first');
    const [id, mail] = [await send(), backup.waitForMails(1)];
    // Nothing but the binding keeps it from the other, which takes it as soon as that is changed.
    let types = await system.timelineOf(id);
    while (!types.includes('deferred')) types = await system.timelineOf(id);
    expect(types).not.toContain('failed_over');
    expect(backup.mails).toHaveLength(0);
    await bindTo('second');
    await mail;
    expect(await system.waitUntilEnded(id)).toMatchObject({ status: 'sent', provider: 'second' });
  }, 60_000);
});
