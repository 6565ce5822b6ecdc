import { afterAll, beforeAll, expect, test } from 'bun:test';
import {
  type ClaimResult,
  checkpointHandOver,
  claimMessage,
  type Lease,
  LeaseLostError,
  listUnfinished,
  recordOutcome,
  releaseAllLeases,
} from '../src/lib/db/deliveries.ts';
import { insertMessage, listMessageEvents, listRecipients } from '../src/lib/db/messages.ts';
import { decideOutcome } from '../src/lib/messages/outcome.ts';
import { describeOnBothProfiles, startSystem, type TestSystem } from './support/system.ts';
import { waitFor } from './support/wait-for.ts';

const rendered = { subject: 'x', engineVersion: null, renderHash: 'h' };
const sent = {
  kind: 'sent',
  providerMessageId: null,
  response: '250',
  refused: [],
  isDelivered: false,
} as const;

describeOnBothProfiles('the lease on a message', (profile) => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await startSystem(profile);
  }, 60_000);

  afterAll(() => system.stop());

  /** A row without a job: nobody but the test works on it (the reconciler waits five seconds). */
  const createMessage = async (emails = ['a@example.net']): Promise<string> => {
    const { id } = await insertMessage(
      system.database,
      {
        id: Bun.randomUUIDv7(),
        clientId: system.clientId,
        mode: 'live',
        traceId: '0'.repeat(32),
        text: 'x',
        subject: 'x',
        fromAddress: 'shop@example.com',
        recipient: emails[0] ?? '',
      },
      emails.map((email) => ({ kind: 'to', email, name: null })),
    );
    return id;
  };

  const claim = (messageId: string, leaseMs = 60_000) =>
    claimMessage(system.database, { messageId, leaseMs });

  const claimed = (result: ClaimResult): Lease => {
    if (result.kind !== 'claimed') throw new Error(`not claimed but ${result.kind}`);
    return result.lease;
  };

  const typesOf = async (id: string) =>
    (await listMessageEvents(system.database.db, id)).map(({ type }) => type);

  test('of many workers at once exactly one gets it', async () => {
    const id = await createMessage();
    const results = await Promise.all(Array.from({ length: 10 }, () => claim(id)));
    expect(results.filter(({ kind }) => kind === 'claimed')).toHaveLength(1);
    expect(results.filter(({ kind }) => kind === 'leased')).toHaveLength(9);
    expect(await typesOf(id)).toEqual(['accepted', 'attempted']);
  });

  test('an ended lease without a hand-over is free for another attempt', async () => {
    const id = await createMessage();
    await claim(id, 1);
    const again = await waitFor('the lease to end', async () => {
      const result = await claim(id);
      return result.kind === 'claimed' ? result : null;
    });
    expect(again.message.attempts).toBe(2);
    expect(await typesOf(id)).toEqual(['accepted', 'attempted', 'attempted']);
  });

  test('an ended lease with a hand-over is unknown, for the message and who was in flight', async () => {
    const id = await createMessage(['a@example.net', 'b@example.net']);
    const lease = claimed(await claim(id));
    await checkpointHandOver(system.database, { lease, provider: 'smtp', rendered });
    await releaseAllLeases(system.database.db);
    expect(await claim(id)).toEqual({ kind: 'ended', status: 'unknown' });
    expect((await listRecipients(system.database.db, id)).map(({ status }) => status)).toEqual([
      'unknown',
      'unknown',
    ]);
    expect(await typesOf(id)).toEqual(['accepted', 'attempted', 'rendered', 'handed_over', 'unknown']);
    expect(await claim(id)).toEqual({ kind: 'ended', status: 'unknown' });
  });

  test('whoever lost the lease can neither hand over nor record', async () => {
    const id = await createMessage();
    const lost = claimed(await claim(id));
    await releaseAllLeases(system.database.db);
    const lease = claimed(await claim(id));
    const recipients = await listRecipients(system.database.db, id);
    const outcome = decideOutcome({ recipients, result: sent, isLastAttempt: false });
    const before = await typesOf(id);
    await expect(
      checkpointHandOver(system.database, { lease: lost, provider: 'smtp', rendered }),
    ).rejects.toThrow(LeaseLostError);
    await expect(recordOutcome(system.database, { lease: lost, provider: 'smtp', outcome })).rejects.toThrow(
      LeaseLostError,
    );
    expect(await typesOf(id)).toEqual(before);
    await recordOutcome(system.database, { lease, provider: 'smtp', outcome });
    expect(await claim(id)).toEqual({ kind: 'ended', status: 'sent' });
    await expect(recordOutcome(system.database, { lease, provider: 'smtp', outcome })).rejects.toThrow(
      LeaseLostError,
    );
  });

  test('a message that does not exist is missing', async () => {
    expect(await claim(Bun.randomUUIDv7())).toEqual({ kind: 'missing' });
  });

  test('what has no job is found again, and delivered', async () => {
    const id = await createMessage(['found@example.net']);
    const found = await waitFor('the row to have been idle', async () => {
      const rows = await listUnfinished(system.database.db, { idleMs: 1, after: null, limit: 1000 });
      return rows.some((row) => row.id === id) ? rows : null;
    });
    expect(found.length).toBeGreaterThan(0);
    // The running reconciler gives it a job: nobody else does.
    expect(await system.waitUntilEnded(id)).toMatchObject({ status: 'sent' });
  });
});
