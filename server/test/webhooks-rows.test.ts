import { afterAll, beforeAll, expect, test } from 'bun:test';
import { eq, sql } from 'drizzle-orm';
import { webhookAttempts, webhookDeliveries, webhookEndpoints } from '../src/db/schema.ts';
import {
  type ClaimedDelivery,
  claimDelivery,
  insertDelivery,
  pruneDeliveries,
  recordAttempt,
  takeDue,
} from '../src/lib/db/webhooks-deliveries.ts';
import { insertEndpoint, updateEndpoint } from '../src/lib/db/webhooks-endpoints.ts';
import { fanOutOnce } from '../src/lib/db/webhooks-fan-out.ts';
import { type BareProfile, openBareProfile } from './support/bare-profile.ts';
import { insertRow } from './support/message-rows.ts';
import { describeOnBothProfiles } from './support/system.ts';
import { waitFor } from './support/wait-for.ts';

const OK = { startedAt: new Date(), durationMs: 5, statusCode: 200, error: null, response: '' };
const FAILED = { ...OK, statusCode: 500 };

describeOnBothProfiles('rows of webhooks', (profile) => {
  let bare: BareProfile;

  beforeAll(async () => {
    bare = await openBareProfile(profile);
  }, 60_000);
  afterAll(() => bare.release());

  async function createEndpoint(
    events = ['*'],
  ): Promise<{ id: string; owner: { clientId: string; mode: 'live' } }> {
    const owner = { clientId: bare.clientId, mode: 'live' as const };
    const facts = { url: 'https://example.com/', description: null, events, secret: 'plain.whsec_' };
    const endpoint = await insertEndpoint(bare.database, { id: Bun.randomUUIDv7(), ...owner, ...facts });
    return { id: endpoint?.id ?? '', owner };
  }

  async function claim(id: string, leaseMs = 60_000): Promise<ClaimedDelivery> {
    const claimed = await claimDelivery(bare.database.db, id, { leaseMs });
    if (!claimed) throw new Error('not claimed');
    return claimed;
  }

  async function statusOf(id: string): Promise<string | undefined> {
    const [row] = await bare.database.db.select().from(webhookDeliveries).where(eq(webhookDeliveries.id, id));
    return row?.status;
  }

  const addTest = async (endpointId: string) =>
    (await insertDelivery(bare.database.db, endpointId, { type: 'webhook.test', payload: '{}' })).id;

  test('one of many gets a delivery', async () => {
    const id = await addTest((await createEndpoint()).id);
    const claims = await Promise.all(
      Array.from({ length: 5 }, () => claimDelivery(bare.database.db, id, { leaseMs: 60_000 })),
    );
    expect(claims.filter((claimed) => claimed !== null)).toHaveLength(1);
  });

  test('an attempt that nobody recorded is made again, and its late record changes nothing', async () => {
    const id = await addTest((await createEndpoint()).id);
    const lost = await claim(id, 1);
    const again = await waitFor('it to be due again', () =>
      claimDelivery(bare.database.db, id, { leaseMs: 60_000 }),
    );
    expect(again.delivery.attempts).toBe(2);
    await recordAttempt(bare.database, lost, {
      result: FAILED,
      verdict: { kind: 'exhausted' },
      at: new Date(),
    });
    expect(await statusOf(id)).toBe('pending');
    await recordAttempt(bare.database, again, { result: OK, verdict: { kind: 'delivered' }, at: new Date() });
    expect(await statusOf(id)).toBe('delivered');
    const log = await bare.database.db
      .select()
      .from(webhookAttempts)
      .where(eq(webhookAttempts.deliveryId, id));
    expect(log.map(({ number, statusCode }) => [number, statusCode]).sort()).toEqual([
      [1, 500],
      [2, 200],
    ]);
  });

  test('one success since it began keeps an endpoint from being paused', async () => {
    const endpoint = await createEndpoint();
    const [failing, working] = [await addTest(endpoint.id), await addTest(endpoint.id)];
    const record = (
      claimed: ClaimedDelivery,
      isOk: boolean,
      verdict: Parameters<typeof recordAttempt>[2]['verdict'],
    ) =>
      recordAttempt(bare.database, claimed, {
        result: { ...(isOk ? OK : FAILED), startedAt: new Date() },
        verdict,
        at: new Date(),
      });
    await record(await claim(failing), false, { kind: 'retry', delayMs: 0 });
    await record(await claim(working), true, { kind: 'delivered' });
    expect(await record(await claim(failing), false, { kind: 'exhausted' })).toMatchObject({ paused: null });
    const hopeless = await addTest(endpoint.id);
    expect(await record(await claim(hopeless), false, { kind: 'exhausted' })).toMatchObject({
      paused: 'failing',
    });
  });

  test('a pause holds deliveries back, and its end makes them due', async () => {
    const { id: endpointId, owner } = await createEndpoint();
    const id = await addTest(endpointId);
    await updateEndpoint(bare.database, { owner, id: endpointId, changes: { status: 'paused' } });
    expect(await statusOf(id)).toBe('paused');
    // One that was made at that very moment joins them.
    const late = await addTest(endpointId);
    expect(await claimDelivery(bare.database.db, late, { leaseMs: 1000 })).toBeNull();
    expect(await statusOf(late)).toBe('paused');
    await updateEndpoint(bare.database, { owner, id: endpointId, changes: { status: 'active' } });
    const due = await takeDue(bare.database.db, { limit: 100 });
    expect(due.map((delivery) => delivery.id)).toContain(id);
    expect(due.map((delivery) => delivery.id)).toContain(late);
    expect((await takeDue(bare.database.db, { limit: 100 })).map((delivery) => delivery.id)).not.toContain(
      id,
    );
  });

  test('an endpoint hears of nothing from before it was there, or while it was paused', async () => {
    await bare.database.db.delete(webhookEndpoints);
    await insertRow(bare);
    const { id, owner } = await createEndpoint(['message.accepted']);
    await insertRow(bare);
    await updateEndpoint(bare.database, { owner, id, changes: { status: 'paused' } });
    await insertRow(bare);
    await updateEndpoint(bare.database, { owner, id, changes: { status: 'active' } });
    // The pause moved its beginning: what came before that and was not read yet is a replay's business.
    const later = await insertRow(bare);
    await waitFor('the feed to be read', async () => {
      await fanOutOnce(bare.database);
      const rows = await bare.database.db
        .select()
        .from(webhookDeliveries)
        .where(eq(webhookDeliveries.endpointId, id));
      return rows.some(({ messageId }) => messageId === later) ? true : null;
    });
    const rows = await bare.database.db
      .select()
      .from(webhookDeliveries)
      .where(eq(webhookDeliveries.endpointId, id));
    expect(rows.map(({ messageId }) => messageId)).toEqual([later]);
  });

  test('what ended long ago is removed, and nothing else', async () => {
    const endpoint = await createEndpoint();
    const [old, fresh, waiting] = [
      await addTest(endpoint.id),
      await addTest(endpoint.id),
      await addTest(endpoint.id),
    ];
    const update = (
      id: string,
      change: { status: 'delivered' | 'pending'; updatedAt: ReturnType<typeof sql> },
    ) => bare.database.db.update(webhookDeliveries).set(change).where(eq(webhookDeliveries.id, id));
    await update(old, { status: 'delivered', updatedAt: sql`now() - interval '40 days'` });
    await update(fresh, { status: 'delivered', updatedAt: sql`now()` });
    await update(waiting, { status: 'pending', updatedAt: sql`now() - interval '40 days'` });
    await pruneDeliveries(bare.database.db, { before: new Date(Date.now() - 30 * 86_400_000), limit: 100 });
    expect([await statusOf(old), await statusOf(fresh), await statusOf(waiting)]).toEqual([
      undefined,
      'delivered',
      'pending',
    ]);
  });
});
