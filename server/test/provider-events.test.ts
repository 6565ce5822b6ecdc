import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { eq } from 'drizzle-orm';
import { deadLetters, messageEvents, messages, suppressions } from '../src/db/schema.ts';
import { applyProviderEvents } from '../src/lib/db/provider-events.ts';
import type { ProviderEvent, ProviderEventType } from '../src/lib/providers/provider-event.ts';
import { insertHandedOver, type HandedOver } from './support/handed-over.ts';
import { createClient, describeOnBothProfiles, startSystem, type TestSystem } from './support/system.ts';
import { waitFor } from './support/wait-for.ts';

let serial = 0;

function report(type: ProviderEventType, facts: Partial<ProviderEvent> = {}): ProviderEvent {
  serial += 1;
  return {
    providerEventId: `event-${serial}`,
    provider: 'ses',
    providerMessageId: `provider-${serial}`,
    messageId: null,
    type,
    recipient: null,
    occurredAt: new Date(),
    detail: `words of ${type}`,
    ...facts,
  };
}

describeOnBothProfiles('events of a provider', (profile) => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await startSystem(profile);
  }, 60_000);

  afterAll(() => system.stop());

  const create = async (facts: Partial<HandedOver> = {}): Promise<string> => {
    const id = Bun.randomUUIDv7();
    await insertHandedOver(system.database, [id], { clientId: system.clientId, ...facts });
    return id;
  };
  const apply = (...events: ProviderEvent[]) => applyProviderEvents(system.database, events);
  const find = async (id: string) => {
    const { body } = await system.call('GET', `/v1/messages/${id}`, { key: system.keys.live });
    return body;
  };
  const listSuppressed = async (clientId = system.clientId) =>
    system.database.db.select().from(suppressions).where(eq(suppressions.clientId, clientId));

  test('a delivery is found by our id, and later news by the provider’s alone', async () => {
    const id = await create();
    expect(await apply(report('delivered', { messageId: id, providerMessageId: 'p-known' }))).toMatchObject({
      applied: 1,
      moved: [{ messageId: id, from: 'sent', status: 'delivered' }],
    });
    expect(await find(id)).toMatchObject({ status: 'delivered', providerMessageId: 'p-known' });
    await apply(report('spam', { providerMessageId: 'p-known' }));
    expect(await find(id)).toMatchObject({ status: 'spam', lastError: 'words of spam' });
    expect(await system.timelineOf(id)).toEqual(['handed_over', 'delivered', 'spam']);
  });

  test('told again, alone or within one batch, an event changes nothing', async () => {
    const id = await create();
    const event = report('bounced_soft', { messageId: id });
    expect(await apply(event, event, event)).toMatchObject({ applied: 1, repeated: 2, unmatched: 0 });
    const before = await find(id);
    expect(await apply(event)).toEqual({ applied: 0, repeated: 1, unmatched: 0, moved: [] });
    expect(await find(id)).toEqual(before);
    expect(await system.timelineOf(id)).toEqual(['handed_over', 'bounced']);
  });

  test('the same event from many sides at once is written once', async () => {
    const id = await create();
    const event = report('delivered', { messageId: id });
    const results = await Promise.all(Array.from({ length: 8 }, () => apply(event)));
    expect(results.map(({ applied }) => applied).sort()).toEqual([0, 0, 0, 0, 0, 0, 0, 1]);
    expect(await system.timelineOf(id)).toEqual(['handed_over', 'delivered']);
  });

  test('batches that share messages in another order do not block each other', async () => {
    const ids = Array.from({ length: 40 }, () => Bun.randomUUIDv7());
    await insertHandedOver(system.database, ids, { clientId: system.clientId });
    const delivered = ids.map((messageId) => report('delivered', { messageId }));
    const bounced = ids.toReversed().map((messageId) => report('bounced_hard', { messageId }));
    await Promise.all([
      applyProviderEvents(system.database, delivered),
      applyProviderEvents(system.database, bounced),
    ]);
    const states = await Promise.all(ids.map(async (id) => (await find(id)).status));
    expect(new Set(states)).toEqual(new Set(['bounced']));
  });

  test('a thousand events with duplicates and strangers in one call', async () => {
    const ids = Array.from({ length: 300 }, () => Bun.randomUUIDv7());
    await insertHandedOver(system.database, ids, {
      clientId: system.clientId,
      recipients: ['a@example.net', 'b@example.net'],
    });
    const events = ids.flatMap((messageId) => [
      report('delivered', { messageId, recipient: 'a@example.net' }),
      report('bounced_soft', { messageId, recipient: 'b@example.net' }),
    ]);
    const strangers = Array.from({ length: 100 }, () =>
      report('delivered', { messageId: Bun.randomUUIDv7() }),
    );
    const all = [...events, ...strangers, ...events.slice(0, 300)];
    expect(all).toHaveLength(1000);
    const result = await applyProviderEvents(system.database, all);
    expect(result).toMatchObject({ applied: 600, repeated: 300, unmatched: 100 });
    expect(result.moved).toHaveLength(300);
    const rows = await system.database.db
      .select({ id: messages.id })
      .from(messages)
      .where(eq(messages.status, 'bounced'));
    const bounced = new Set(rows.map(({ id }) => id));
    expect(ids.every((id) => bounced.has(id))).toBe(true);
  });

  test('a message that never went to that provider is not touched, whatever the event says', async () => {
    const elsewhere = await create({ provider: 'smtp', providerMessageId: 'shared-id' });
    expect(await apply(report('bounced_hard', { messageId: elsewhere }))).toMatchObject({ unmatched: 1 });
    expect(await apply(report('bounced_hard', { providerMessageId: 'shared-id' }))).toMatchObject({
      unmatched: 1,
    });
    expect(await find(elsewhere)).toMatchObject({ status: 'sent' });
    expect(await system.timelineOf(elsewhere)).toEqual(['handed_over']);
  });

  describe('after the time of the timeline', () => {
    const createOld = async (facts: Partial<HandedOver> = {}): Promise<string> => {
      const id = await create(facts);
      await system.database.db.delete(messageEvents).where(eq(messageEvents.messageId, id));
      return id;
    };

    test('a complaint still suppresses, by our id or the provider’s', async () => {
      const [ours, theirs] = ['late-ours@example.net', 'late-theirs@example.net'];
      const id = await createOld({ recipients: [ours] });
      await createOld({ recipients: [theirs], providerMessageId: 'late-id' });
      const result = await apply(
        report('spam', { messageId: id }),
        report('spam', { providerMessageId: 'late-id' }),
      );
      expect(result).toMatchObject({ applied: 2, unmatched: 0 });
      expect((await listSuppressed()).map(({ email }) => email)).toEqual(
        expect.arrayContaining([ours, theirs]),
      );
      // What it wrote is no reason to doubt the next one.
      expect(await apply(report('opened', { messageId: id }))).toMatchObject({ applied: 1 });
      expect(await system.timelineOf(id)).toEqual(['spam', 'opened']);
    });

    test('only the provider that the message was handed to is believed', async () => {
      const elsewhere = await createOld({ provider: 'smtp', providerMessageId: 'late-shared' });
      const never = await createOld();
      await system.database.db.update(messages).set({ handedOverAt: null }).where(eq(messages.id, never));
      const result = await apply(
        report('spam', { messageId: elsewhere }),
        report('spam', { providerMessageId: 'late-shared' }),
        report('spam', { messageId: never }),
      );
      expect(result).toMatchObject({ applied: 0, unmatched: 3 });
      expect(await find(elsewhere)).toMatchObject({ status: 'sent' });
      expect(await find(never)).toMatchObject({ status: 'sent' });
    });
  });

  test("an id of ours that somebody set on another mail does not reach the other's message", async () => {
    const other = await createClient(system.call, system.keys.admin);
    const [own, victim] = [Bun.randomUUIDv7(), Bun.randomUUIDv7()];
    await insertHandedOver(system.database, [own], {
      clientId: system.clientId,
      providerMessageId: 'own-hand-over',
    });
    await insertHandedOver(system.database, [victim], { clientId: other.clientId });
    await apply(report('spam', { messageId: victim, providerMessageId: 'own-hand-over' }));
    const seen = await system.call('GET', `/v1/messages/${victim}`, { key: other.live });
    expect(seen.body).toMatchObject({ status: 'sent' });
    expect(await listSuppressed(other.clientId)).toEqual([]);
    expect(await find(own)).toMatchObject({ status: 'spam' });
  });

  test('odd texts neither break the statement nor reach the database as they are', async () => {
    const id = await create();
    const odd = "x'); drop table messages; --\0\uD800";
    const event = report('delivered', {
      messageId: id,
      providerEventId: `${odd}${'é'.repeat(5000)}`,
      providerMessageId: odd,
      recipient: odd,
      detail: odd,
      occurredAt: new Date(Number.NaN),
    });
    expect(await apply(event)).toMatchObject({ applied: 1 });
    expect(await apply(event)).toMatchObject({ repeated: 1 });
    expect(await apply(report('delivered', { messageId: odd, providerMessageId: '' }))).toMatchObject({
      unmatched: 1,
    });
    expect(await find(id)).toMatchObject({ status: 'sent', providerMessageId: null });
  });

  test('hard bounces, complaints and unsubscriptions suppress; soft bounces and test mail do not', async () => {
    const to = (name: string) => `${name}-${Bun.randomUUIDv7()}@example.net`;
    const [hard, soft, complained, left, tested] = [
      to('Hard'),
      to('soft'),
      to('spam'),
      to('left'),
      to('test'),
    ];
    const of = (email: string, facts: Partial<HandedOver> = {}) => create({ recipients: [email], ...facts });
    const bouncedId = await of(hard);
    await apply(
      report('bounced_hard', { messageId: bouncedId, recipient: hard }),
      report('bounced_soft', { messageId: await of(soft), recipient: soft }),
      report('spam', { messageId: await of(complained), recipient: complained }),
      report('unsubscribed', { messageId: await of(left) }),
      report('bounced_hard', { messageId: await of(tested, { mode: 'test' }), recipient: tested }),
    );
    const mine = (await listSuppressed()).filter(({ email }) =>
      [hard, soft, complained, left, tested].some((address) => address.toLowerCase() === email),
    );
    expect(mine.map(({ email, reason }) => [email, reason]).sort()).toEqual(
      [
        [hard.toLowerCase(), 'hard_bounce'],
        [complained, 'complaint'],
        [left, 'unsubscribe'],
      ].sort(),
    );
    expect(mine.find(({ reason }) => reason === 'hard_bounce')?.messageId).toBe(bouncedId);
  });

  test('an address that is suppressed already keeps its first reason', async () => {
    const email = `twice-${Bun.randomUUIDv7()}@example.net`;
    await apply(report('bounced_hard', { messageId: await create({ recipients: [email] }) }));
    await apply(report('spam', { messageId: await create({ recipients: [email] }) }));
    const mine = (await listSuppressed()).filter((row) => row.email === email);
    expect(mine.map(({ reason }) => reason)).toEqual(['hard_bounce']);
  });

  test('what the provider took and then refused is failed, and a dead letter with its history', async () => {
    const id = await create();
    await apply(report('rejected', { messageId: id, detail: 'Bad content' }));
    expect(await find(id)).toMatchObject({ status: 'failed', lastError: 'Bad content' });
    const [letter] = await system.database.db.select().from(deadLetters).where(eq(deadLetters.messageId, id));
    expect(letter).toMatchObject({ reason: 'Bad content', provider: 'ses', clientId: system.clientId });
    expect(letter?.history).toMatchObject([
      { type: 'handed_over', provider: 'ses' },
      { type: 'failed', detail: 'Bad content', at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]{12}Z$/) },
    ]);
  });

  test('an unknown whose answer was lost on the wire is resolved by a delivery with our id', async () => {
    system.sink.setPlan({ message: () => 'drop' });
    const id = await system.send({ to: 'lost@example.net', subject: 'Lost', text: 'x' });
    expect(await system.waitUntilEnded(id)).toMatchObject({ status: 'unknown' });
    system.sink.setPlan({});
    await apply(report('delivered', { messageId: id, provider: 'smtp', recipient: 'lost@example.net' }));
    expect(await find(id)).toMatchObject({
      status: 'delivered',
      lastError: null,
      recipients: [{ status: 'delivered', response: 'words of delivered' }],
    });
    expect(system.sink.mails.filter(({ to }) => to.includes('lost@example.net'))).toHaveLength(1);
  });

  test('an event that overtakes the answer to the hand-over is not taken back when that is lost', async () => {
    const held = Promise.withResolvers<void>();
    system.sink.setPlan({
      message: () => {
        held.resolve();
        return 'hang';
      },
    });
    const id = await system.send({ to: 'early@example.net', subject: 'Early', text: 'x' });
    await held.promise;
    const early = report('bounced_hard', { messageId: id, provider: 'smtp', recipient: 'early@example.net' });
    const before = await find(id);
    await apply(early);
    const after = await find(id);
    expect([before.status, after.status]).toEqual(['sending', 'bounced']);
    system.sink.setPlan({});
    system.sink.dropConnections();
    await waitFor('the worker to end its attempt', () =>
      system.logLines.some((line) => line.includes(id) && /attempt ended|another worker took/.test(line))
        ? true
        : null,
    );
    expect(await find(id)).toMatchObject({
      status: 'bounced',
      lastError: 'words of bounced_hard',
      recipients: [{ status: 'bounced', response: 'words of bounced_hard' }],
    });
  });
});
