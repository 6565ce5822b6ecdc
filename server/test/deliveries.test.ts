import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { sql } from 'drizzle-orm';
import { eraseRecipient } from '../src/lib/db/erasure.ts';
import { createDeliveries, type Deliveries } from '../src/lib/db/deliveries.ts';
import { type ClaimResult, type Lease, LeaseLostError } from '../src/lib/db/deliveries-types.ts';
import { releaseAllLeases } from '../src/lib/db/deliveries-unfinished.ts';
import { listMessageEvents, listRecipients } from '../src/lib/db/messages.ts';
import { resolveMessage } from '../src/lib/db/resolutions.ts';
import { type AttemptResult, decideOutcome } from '../src/lib/messages/outcome.ts';
import { insertRow, type RowOptions } from './support/message-rows.ts';
import { createClient, describeOnBothProfiles, startSystem, type TestSystem } from './support/system.ts';
import { waitFor } from './support/wait-for.ts';

const rendered = { subject: 'x', engineVersion: null, renderHash: 'h' };
const sent = {
  kind: 'sent',
  providerMessageId: 'p-1',
  response: '250',
  refused: [],
  isDelivered: false,
} as const;

const deferred = { kind: 'deferred', response: '450 later', retryAfterMs: null, refused: [] } as const;

type Claimed = Extract<ClaimResult, { kind: 'claimed' }>;

function assertClaimed(result: ClaimResult): asserts result is Claimed {
  if (result.kind !== 'claimed') throw new Error(`not claimed but ${result.kind}`);
}

describeOnBothProfiles('the writes of an attempt', (profile) => {
  let system: TestSystem;
  let deliveries: Deliveries;

  beforeAll(async () => {
    system = await startSystem(profile);
    deliveries = createDeliveries(system.database, { leaseMs: 60_000 });
  }, 60_000);

  afterAll(() => system.stop());

  const createRow = (options: RowOptions = {}) => insertRow(system, options);
  const claim = async (messageId: string): Promise<Claimed> => {
    const result = await deliveries.claim(messageId);
    assertClaimed(result);
    return result;
  };
  const handOver = (lease: Lease) =>
    deliveries.checkpoint({
      lease,
      provider: 'smtp',
      rendered,
      detail: null,
      keptBodyBlob: null,
      before: [],
    });
  const record = (
    { lease, recipients }: Claimed,
    result: AttemptResult,
    { retryMs = 0, isLastAttempt = false } = {},
  ) =>
    deliveries.record({
      lease,
      provider: 'smtp',
      outcome: decideOutcome({ recipients, result, isLastAttempt }),
      retryMs,
      before: [],
    });

  const eventsOf = (id: string) => listMessageEvents(system.database.db, id);
  const typesOf = async (id: string) => (await eventsOf(id)).map(({ type }) => type);
  const statusesOf = async (id: string) =>
    (await listRecipients(system.database.db, id)).map(({ status }) => status);
  const rowOf = async (id: string) => {
    const [row] = await system.database.query<Record<string, unknown>>(
      `select status::text as status, attempts, provider, provider_msg_id, last_error, lease_token::text as lease_token,
        extract(epoch from retry_at - now())::float8 as retry_s, handed_over_at is not null as is_handed_over
      from messages where id = $1::uuid`,
      [id],
    );
    if (!row) throw new Error('no such row');
    return row;
  };
  const lettersOf = (id: string) =>
    system.database.query<{ reason: string; attempts: number; history: { type: string; at: string }[] }>(
      'select reason, attempts, history::json as history from dead_letters where message_id = $1::uuid',
      [id],
    );
  /** As a provider's event would, on its own and at any time. */
  const moveByEvent = (id: string, status: string) =>
    system.database.transaction(async (tx) => {
      await tx.execute(sql`select 1 from messages where id = ${id} for update`);
      await tx.execute(
        sql`update message_recipients set status = ${status}::message_status where message_id = ${id}`,
      );
      await tx.execute(sql`update messages set status = ${status}::message_status where id = ${id}`);
    });

  test('of many workers at once exactly one gets it', async () => {
    const id = await createRow();
    const workers = Array.from({ length: 10 }, () => createDeliveries(system.database, { leaseMs: 60_000 }));
    const results = await Promise.all(workers.map((worker) => worker.claim(id)));
    expect(results.filter(({ kind }) => kind === 'claimed')).toHaveLength(1);
    expect(results.filter(({ kind }) => kind === 'leased')).toHaveLength(9);
    expect(await typesOf(id)).toEqual(['accepted', 'attempted']);
  });

  test('of two jobs for the same message in one batch one gets it', async () => {
    const id = await createRow();
    const results = await Promise.all([deliveries.claim(id), deliveries.claim(id)]);
    expect(results.map(({ kind }) => kind).sort()).toEqual(['claimed', 'leased']);
  });

  test('a batch answers each of its messages', async () => {
    const [fresh, ended, taken] = await Promise.all([
      createRow(),
      createRow({ status: 'sent' }),
      createRow(),
    ]);
    await claim(taken);
    const results = await Promise.all(
      [fresh, ended, taken, Bun.randomUUIDv7()].map((id) => deliveries.claim(id)),
    );
    expect(results.map(({ kind }) => kind)).toEqual(['claimed', 'ended', 'leased', 'missing']);
    expect(results[1]).toEqual({ kind: 'ended', status: 'sent' });
  });

  test('a claim gives all that an attempt needs, as it was accepted', async () => {
    const createdAt = new Date('2026-03-04T05:06:07.089Z');
    const id = await createRow({
      to: ['A@example.net', 'b@example.net'],
      html: '<p>ä</p>',
      replyTo: ['x@example.com', '"Y, Z" <y@example.com>'],
      headers: { 'X-Shop': 'a"b' },
      priority: 'high',
      createdAt,
    });
    const { message, recipients } = await claim(id);
    expect(message).toMatchObject({
      id,
      clientId: system.clientId,
      mode: 'live',
      html: '<p>ä</p>',
      replyTo: ['x@example.com', '"Y, Z" <y@example.com>'],
      headers: { 'X-Shop': 'a"b' },
      priority: 'high',
      attempts: 1,
      createdAt,
      boundTo: null,
      hasAttachments: false,
    });
    expect(recipients.map(({ email, status }) => [email, status])).toEqual([
      ['A@example.net', 'sending'],
      ['b@example.net', 'sending'],
    ]);
  });

  test('a claim that races a record never reaches again who got it', async () => {
    const rivals = Array.from({ length: 4 }, () => createDeliveries(system.database, { leaseMs: 60_000 }));
    const refused = [{ address: 'b@example.net', isPermanent: false, response: '451 later' }];
    const rounds = Array.from({ length: 25 }, async () => {
      const id = await createRow({ to: ['a@example.net', 'b@example.net'] });
      const first = await claim(id);
      const [, ...results] = await Promise.all([
        record(first, { ...sent, refused }, { retryMs: 0 }),
        ...rivals.map((rival) => rival.claim(id)),
        ...rivals.map((rival) => rival.claim(id)),
      ]);
      const winners = results.flatMap((result) => (result.kind === 'claimed' ? [result] : []));
      expect(winners.length).toBeLessThanOrEqual(1);
      const claimed = winners[0] ?? (await claim(id));
      expect(claimed.recipients.map(({ status }) => status)).toEqual(['sent', 'sending']);
    });
    await Promise.all(rounds);
  });

  test('an ended lease without a hand-over is free for another attempt', async () => {
    const id = await createRow();
    const brief = createDeliveries(system.database, { leaseMs: 1 });
    await brief.claim(id);
    const again = await waitFor('the lease to end', async () => {
      const result = await deliveries.claim(id);
      return result.kind === 'claimed' ? result : null;
    });
    expect(again.message.attempts).toBe(2);
    expect(await typesOf(id)).toEqual(['accepted', 'attempted', 'attempted']);
  });

  test('an ended lease with a hand-over is unknown, for the message and who was in flight', async () => {
    const id = await createRow({ to: ['a@example.net', 'b@example.net'] });
    const { lease } = await claim(id);
    await handOver(lease);
    await releaseAllLeases(system.database.db);
    expect(await deliveries.claim(id)).toEqual({ kind: 'ended', status: 'unknown' });
    expect(await statusesOf(id)).toEqual(['unknown', 'unknown']);
    expect(await typesOf(id)).toEqual(['accepted', 'attempted', 'rendered', 'handed_over', 'unknown']);
    expect(await deliveries.claim(id)).toEqual({ kind: 'ended', status: 'unknown' });
  });

  describe('an answer that comes after its lease ended and was given up', () => {
    const giveUp = async (options: RowOptions = {}) => {
      const id = await createRow(options);
      const claimed = await claim(id);
      await handOver(claimed.lease);
      await releaseAllLeases(system.database.db);
      expect(await deliveries.claim(id)).toEqual({ kind: 'ended', status: 'unknown' });
      return { id, claimed };
    };

    test('ends the unknown, for it is what nobody knew', async () => {
      const { id, claimed } = await giveUp({ to: ['a@example.net', 'b@example.net'] });
      expect(await record(claimed, sent)).toBe('sent');
      expect(await statusesOf(id)).toEqual(['sent', 'sent']);
      expect(await rowOf(id)).toMatchObject({
        status: 'sent',
        provider_msg_id: 'p-1',
        last_error: null,
        lease_token: null,
      });
      expect((await typesOf(id)).slice(-2)).toEqual(['unknown', 'sent']);
      await expect(record(claimed, sent)).rejects.toThrow(LeaseLostError);
    });

    test('that refuses for good makes a dead letter of it', async () => {
      const { id, claimed } = await giveUp();
      expect(await record(claimed, { kind: 'rejected', response: '550 no', refused: [] })).toBe('failed');
      expect(await rowOf(id)).toMatchObject({ status: 'failed', last_error: '550 no' });
      expect(await lettersOf(id)).toHaveLength(1);
    });

    test('that says later leaves it to a person, with its words: nothing that was unknown goes again by itself', async () => {
      const { id, claimed } = await giveUp();
      const before = await typesOf(id);
      expect(await record(claimed, deferred)).toBe('unknown');
      expect(await rowOf(id)).toMatchObject({ status: 'unknown', attempts: 1, last_error: '450 later' });
      expect(await typesOf(id)).toEqual(before);
    });

    test('gives no attempt back, and sends nothing again, where its worker was told to stop', async () => {
      const { id, claimed } = await giveUp();
      expect(await record(claimed, { kind: 'handed_back' })).toBe('unknown');
      expect(await rowOf(id)).toMatchObject({ status: 'unknown', attempts: 1 });
    });

    test('that knows no more says nothing twice', async () => {
      const { id, claimed } = await giveUp();
      const before = await typesOf(id);
      expect(await record(claimed, { kind: 'ambiguous', reason: 'connection lost' })).toBe('unknown');
      expect(await typesOf(id)).toEqual(before);
    });

    test.each(['sent', 'failed', 'retry'] as const)(
      'counts no more once a person has said %s',
      async (as) => {
        const { id, claimed } = await giveUp();
        await resolveMessage(system.database, {
          messageId: id,
          as,
          actor: { owner: null, by: 'by an admin' },
        });
        const [row, types] = [await rowOf(id), await typesOf(id)];
        const rejected = { kind: 'rejected', response: '550 no', refused: [] } as const;
        for (const result of [sent, deferred, rejected])
          await expect(record(claimed, result)).rejects.toThrow(LeaseLostError);
        expect([await rowOf(id), await typesOf(id)]).toEqual([row, types]);
      },
    );
  });

  test('a hand-over that was taken back is an attempt like any other again', async () => {
    const id = await createRow();
    const { lease } = await claim(id);
    await handOver(lease);
    await deliveries.revoke(lease);
    await releaseAllLeases(system.database.db);
    expect((await claim(id)).message.attempts).toBe(2);
    await expect(deliveries.revoke(lease)).rejects.toThrow(LeaseLostError);
  });

  test('whoever lost the lease can neither hand over nor record, and disturbs nobody in the same batch', async () => {
    const [id, other] = await Promise.all([createRow(), createRow()]);
    const lost = await claim(id);
    await releaseAllLeases(system.database.db);
    const [winner, bystander] = await Promise.all([claim(id), claim(other)]);
    const before = await typesOf(id);
    const outcomes = await Promise.allSettled([handOver(lost.lease), handOver(bystander.lease)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    const records = await Promise.allSettled([record(lost, sent), record(bystander, sent)]);
    expect(records.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    expect(await typesOf(id)).toEqual(before);
    expect(await record(winner, sent)).toBe('sent');
    await expect(record(winner, sent)).rejects.toThrow(LeaseLostError);
    expect(await deliveries.claim(id)).toEqual({ kind: 'ended', status: 'sent' });
  });

  test('what poisons a batch fails alone', async () => {
    const [first, second] = await Promise.all([createRow(), createRow()]);
    const [poisoned, healthy] = await Promise.all([claim(first), claim(second)]);
    const bad = deliveries.checkpoint({
      lease: { ...poisoned.lease, token: 'not a token' },
      provider: 'smtp',
      rendered,
      detail: null,
      keptBodyBlob: null,
      before: [],
    });
    const results = await Promise.allSettled([bad, handOver(healthy.lease)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    expect(await typesOf(second)).toContain('handed_over');
  });

  test('words that no database would keep are kept readable', async () => {
    const id = await createRow();
    const claimed = await claim(id);
    await record(claimed, { kind: 'rejected', response: '554 \0 \ud800 no', refused: [] });
    expect(await rowOf(id)).toMatchObject({ status: 'failed', last_error: '554 \uFFFD \uFFFD no' });
  });

  test('goes back to the queue with its time, which a claim keeps to', async () => {
    const id = await createRow();
    expect(await record(await claim(id), deferred, { retryMs: 90_000 })).toBe('queued');
    const row = await rowOf(id);
    expect(row).toMatchObject({ status: 'queued', attempts: 1, lease_token: null, provider: 'smtp' });
    expect(Number(row['retry_s'])).toBeGreaterThan(30);
    expect(Number(row['retry_s'])).toBeLessThanOrEqual(90);
    const early = await deliveries.claim(id);
    if (early.kind !== 'leased') throw new Error(`expected to wait, got ${early.kind}`);
    expect(early.forMs).toBeGreaterThan(30_000);
    expect(await typesOf(id)).toEqual(['accepted', 'attempted', 'deferred']);
  });

  test('an attempt that does not count is taken off', async () => {
    const id = await createRow();
    await record(await claim(id), { kind: 'handed_back' });
    expect(await rowOf(id)).toMatchObject({ status: 'queued', attempts: 0 });
    expect((await claim(id)).message.attempts).toBe(1);
  });

  test("a provider's event that overtakes the record is not undone", async () => {
    const id = await createRow();
    const claimed = await claim(id);
    await handOver(claimed.lease);
    await moveByEvent(id, 'delivered');
    expect(await record(claimed, sent)).toBe('delivered');
    expect(await statusesOf(id)).toEqual(['delivered']);
    expect(await rowOf(id)).toMatchObject({ status: 'delivered', provider_msg_id: 'p-1', lease_token: null });
    expect((await typesOf(id)).at(-1)).toBe('sent');
  });

  test('what a provider has refused for good by an event is not tried again', async () => {
    const id = await createRow();
    const claimed = await claim(id);
    await handOver(claimed.lease);
    await moveByEvent(id, 'failed');
    expect(await record(claimed, deferred, { retryMs: 1000 })).toBe('failed');
    expect(await statusesOf(id)).toEqual(['failed']);
    expect((await typesOf(id)).at(-1)).toBe('handed_over');
  });

  test('what was erased stays so, whatever a worker still has to tell', async () => {
    const email = `erased-${Bun.randomUUIDv7()}@example.net`;
    const id = await createRow({ to: [email] });
    const claimed = await claim(id);
    await handOver(claimed.lease);
    await moveByEvent(id, 'delivered');
    const { blobs, database } = system.profile;
    await eraseRecipient({ database, blobs }, { clientId: system.clientId, email });
    const refused = [{ address: email, isPermanent: true, response: `550 <${email}> no` }];
    await expect(record(claimed, { ...sent, refused })).rejects.toThrow(LeaseLostError);
    expect(JSON.stringify([await eventsOf(id), await listRecipients(database.db, id)])).not.toContain(email);
  });

  test('an overtaken line that did not come true is not written', async () => {
    const id = await createRow();
    const claimed = await claim(id);
    await handOver(claimed.lease);
    await moveByEvent(id, 'bounced');
    expect(await record(claimed, { kind: 'ambiguous', reason: 'connection lost' })).toBe('bounced');
    expect(await typesOf(id)).toEqual(['accepted', 'attempted', 'rendered', 'handed_over']);
  });

  test('a message that fails for good leaves its whole history as a dead letter', async () => {
    const id = await createRow({ to: ['a@example.net', 'b@example.net'] });
    const claimed = await claim(id);
    await handOver(claimed.lease);
    const refused = [{ address: 'b@example.net', isPermanent: true, response: '550 no such user' }];
    expect(await record(claimed, { ...sent, refused })).toBe('failed');
    expect(await statusesOf(id)).toEqual(['sent', 'failed']);
    const [letter] = await lettersOf(id);
    expect(letter).toMatchObject({ reason: '1 of 2 recipients were refused', attempts: 1 });
    expect(letter?.history.map(({ type }) => type)).toEqual(await typesOf(id));
    expect(letter?.history.every(({ at }) => !Number.isNaN(Date.parse(at)))).toBe(true);
  });

  test('a message that waits or was sent leaves none', async () => {
    const [a, b] = await Promise.all([createRow(), createRow()]);
    const [first, second] = await Promise.all([claim(a), claim(b)]);
    await Promise.all([record(first, sent), record(second, { kind: 'provider_down', reason: 'x' })]);
    expect([...(await lettersOf(a)), ...(await lettersOf(b))]).toEqual([]);
  });

  describe('suppression', () => {
    const suppress = (email: string, clientId = system.clientId) =>
      system.database.query(
        "insert into suppressions (id, client_id, email, reason) values ($1::uuid, $2::uuid, $3::text, 'hard_bounce')",
        [Bun.randomUUIDv7(), clientId, email],
      );

    test('a suppressed recipient is passed over, whatever the case of its letters', async () => {
      await suppress('gone@example.net');
      const id = await createRow({ to: ['Gone@Example.net', 'there@example.net'] });
      const claimed = await claim(id);
      expect(claimed.recipients.map(({ status }) => status)).toEqual(['suppressed', 'sending']);
      expect(await typesOf(id)).toEqual(['accepted', 'attempted', 'suppressed']);
      expect(await record(claimed, sent)).toBe('sent');
      expect(await statusesOf(id)).toEqual(['suppressed', 'sent']);
    });

    test('with all of them suppressed the message is', async () => {
      await suppress('only@example.net');
      const id = await createRow({ to: ['only@example.net'] });
      const claimed = await claim(id);
      expect(await record(claimed, { kind: 'nobody_left' })).toBe('suppressed');
      expect(await typesOf(id)).toEqual(['accepted', 'attempted', 'suppressed', 'suppressed']);
    });

    test('neither test mail nor another client is concerned', async () => {
      await suppress('tested@example.net');
      const { clientId } = await createClient(system.call, system.keys.admin);
      await suppress('theirs@example.net', clientId);
      const tested = await createRow({ to: ['tested@example.net'], mode: 'test' });
      const ours = await createRow({ to: ['theirs@example.net'] });
      for (const id of [tested, ours])
        expect((await claim(id)).recipients.map(({ status }) => status)).toEqual(['sending']);
    });
  });
});
