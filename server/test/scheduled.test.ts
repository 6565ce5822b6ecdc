import { afterAll, beforeAll, expect, test } from 'bun:test';
import { describeOnBothProfiles, startSystem, type TestSystem } from './support/system.ts';
import { waitFor } from './support/wait-for.ts';

describeOnBothProfiles('a scheduled message', (profile) => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await startSystem(profile);
  }, 60_000);

  afterAll(() => system.stop());

  const schedule = (to: string, inMs: number) =>
    system.send({
      to,
      subject: 'x',
      text: 'x',
      scheduledAt: new Date(Date.now() + inMs).toISOString(),
    });
  const messageOf = async (id: string) =>
    (await system.call('GET', `/v1/messages/${id}`, { key: system.keys.live })).body;
  const eventsOf = async (id: string): Promise<{ type: string; at: string }[]> => {
    const { body } = await system.call('GET', `/v1/messages/${id}/events`, { key: system.keys.live });
    return Array.isArray(body.data) ? body.data : [];
  };

  test('goes when its time has come, not before, and says so', async () => {
    const id = await schedule('due@example.net', 1500);
    const scheduledAt = Date.parse(String((await messageOf(id)).scheduledAt));
    expect((await messageOf(id)).status).toBe('scheduled');
    await waitFor('it to be sent', async () => ((await messageOf(id)).status === 'sent' ? true : null));
    const events = await eventsOf(id);
    expect(events.map(({ type }) => type).slice(1)).toEqual([
      'scheduled',
      'due',
      'attempted',
      'rendered',
      'handed_over',
      'sent',
    ]);
    const due = events.find(({ type }) => type === 'due');
    expect(Date.parse(due?.at ?? '')).toBeGreaterThanOrEqual(scheduledAt);
  }, 60_000);

  test('that is canceled before its time never goes', async () => {
    const canceled = await schedule('canceled@example.net', 1000);
    await system.call('POST', `/v1/messages/${canceled}/cancel`, { key: system.keys.live });
    const later = await schedule('later@example.net', 1200);
    await system.sink.waitForMail(({ to }) => to[0] === 'later@example.net');
    expect((await messageOf(canceled)).status).toBe('canceled');
    expect((await messageOf(later)).status).not.toBe('scheduled');
    expect(system.sink.mails.some(({ to }) => to[0] === 'canceled@example.net')).toBe(false);
  }, 60_000);
});
