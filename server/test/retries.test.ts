import { afterEach, expect, test } from 'bun:test';
import { insertRow } from './support/message-rows.ts';
import { waitFor } from './support/wait-for.ts';
import { describeOnBothProfiles, startSystem, type TestSystem } from './support/system.ts';

describeOnBothProfiles('attempts', (profile) => {
  const cleanups: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (let cleanup = cleanups.pop(); cleanup; cleanup = cleanups.pop()) await cleanup();
  });

  const start = async (settings: Record<string, string>): Promise<TestSystem> => {
    const system = await startSystem(profile, settings);
    cleanups.push(system.stop);
    return system;
  };

  test('are counted by priority, and after the last the message fails with its history kept', async () => {
    const system = await start({
      RETRY_BASE_MS: '10',
      MAX_ATTEMPTS: '3',
      MAX_ATTEMPTS_HIGH: '4',
      MAX_ATTEMPTS_LOW: '1',
    });
    system.sink.setPlan({ recipient: () => ({ code: 451, text: 'later' }) });
    // Rows without a job: the reconciler gives each one in the lane of its priority.
    const updatedAt = new Date(Date.now() - 60_000);
    const ids = await Promise.all(
      (['high', 'normal', 'low'] as const).map((priority) => insertRow(system, { priority, updatedAt })),
    );
    const ended = await Promise.all(ids.map((id) => system.waitUntilEnded(id)));
    expect(ended.map(({ status, attempts }) => [status, attempts])).toEqual([
      ['failed', 4],
      ['failed', 3],
      ['failed', 1],
    ]);
    const letters = await system.database.query<{ attempts: number; history: { type: string }[] }>(
      'select attempts, history::json as history from dead_letters order by attempts',
      [],
    );
    expect(letters.map(({ attempts }) => attempts)).toEqual([1, 3, 4]);
    expect(letters[1]?.history.map(({ type }) => type)).toEqual([
      'accepted',
      'attempted',
      'refused',
      'deferred',
      'attempted',
      'refused',
      'deferred',
      'attempted',
      'refused',
      'failed',
    ]);
  }, 90_000);

  test('that hang before the hand-over end inside their lease, and count against the provider', async () => {
    const silent = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
    cleanups.push(async () => silent.stop(true));
    const system = await start({ SMTP_PORT: String(silent.port), LEASE_MS: '2000', MAX_ATTEMPTS: '1' });
    const id = await system.send({ to: 'a@example.net', subject: 'x', text: 'x' });
    expect(await system.waitUntilEnded(id)).toMatchObject({ status: 'failed', attempts: 1 });
    expect(await system.timelineOf(id)).toEqual(['accepted', 'attempted', 'failed']);
  }, 90_000);

  test('that hang after the hand-over end inside their lease as unknown, told by their own worker', async () => {
    const system = await start({ LEASE_MS: '2000' });
    system.sink.setPlan({ message: () => 'hang' });
    const id = await system.send({ to: 'a@example.net', subject: 'x', text: 'x' });
    expect(await system.waitUntilEnded(id)).toMatchObject({ status: 'unknown', attempts: 1 });
    const { body } = await system.call('GET', `/v1/messages/${id}/events`, { key: system.keys.live });
    expect(JSON.stringify(body)).not.toContain('The worker ended');
    expect(system.sink.mails).toHaveLength(1);
  }, 90_000);

  test('are not burnt while no provider can take mail: it waits, and all of it goes when one can', async () => {
    const system = await start({ RETRY_BASE_MS: '100', MAX_ATTEMPTS: '4', WORKER_CONCURRENCY: '4' });
    system.sink.setPlan({ greeting: () => ({ code: 421, text: 'closed for repairs' }) });
    const ids = await Promise.all(
      Array.from({ length: 20 }, (_, i) => system.send({ to: `u${i}@example.net`, subject: 'x', text: 'x' })),
    );
    const countEvents = async (where: string) => {
      const [row] = await system.database.query<{ n: number }>(
        `select count(*)::integer as n from message_events where ${where}`,
        [],
      );
      return row?.n ?? 0;
    };
    await waitFor('messages to wait for a provider', async () =>
      (await countEvents("type = 'deferred' and detail like '%no provider%'")) > 0 ? true : null,
    );
    // A turn or two of the breaker later nobody has been given up, and hardly anybody was told the same again.
    await waitFor('the breaker to have let a message try', async () =>
      (await system.countOf('mail.breaker.changes', { to: 'half_open' })) > 0 ? true : null,
    );
    system.sink.setPlan({});
    const ended = await Promise.all(ids.map((id) => system.waitUntilEnded(id)));
    expect(new Set(ended.map(({ status }) => status))).toEqual(new Set(['sent']));
    expect(system.sink.mails).toHaveLength(20);
    expect(await countEvents("type = 'deferred'")).toBeLessThan(20 * 6);
  }, 90_000);
});
