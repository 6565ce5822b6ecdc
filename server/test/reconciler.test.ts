import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { holdLease, releaseLease } from '../src/lib/db/leases.ts';
import { createDeliveries } from '../src/lib/db/deliveries.ts';
import { listUnfinished, type UnfinishedCursor } from '../src/lib/db/deliveries-unfinished.ts';
import { listMessageEvents, listRecipients } from '../src/lib/db/messages.ts';
import type { MailQueue } from '../src/lib/queue/mail-queue.ts';
import { createLogger } from '../src/lib/telemetry/logger.ts';
import { createMetrics } from '../src/lib/telemetry/metrics.ts';
import { SILENT_TRACER } from '../src/lib/telemetry/tracer.ts';
import { promoteOnce, reconcileOnce, startReconciler } from '../src/worker/reconciler.ts';
import { type BareProfile, openBareProfile } from './support/bare-profile.ts';
import { insertRow, type RowOptions } from './support/message-rows.ts';
import { describeOnBothProfiles } from './support/system.ts';
import { createTestMeter } from './support/test-meter.ts';
import { waitFor } from './support/wait-for.ts';

const LONG_AGO = () => new Date(Date.now() - 60_000);

describeOnBothProfiles('the reconciler', (name) => {
  let profile: BareProfile;
  let meter: ReturnType<typeof createTestMeter>;
  const options = () => ({
    database: profile.database,
    queue: profile.queue.queue,
    metrics: createMetrics(meter.provider),
    logger: createLogger({ level: 'silent' }),
    tracer: SILENT_TRACER,
    isMeasured: false,
  });

  beforeAll(async () => {
    profile = await openBareProfile(name);
  }, 60_000);

  beforeEach(async () => {
    meter = createTestMeter();
    await profile.database.query('delete from messages', []);
  });

  afterAll(() => profile.release());

  const createRow = (columns: RowOptions = {}) => insertRow(profile, { updatedAt: LONG_AGO(), ...columns });
  const isAlive = async (messageId: string) =>
    (await profile.queue.queue.findAlive([{ messageId, priority: 'normal' }])).has(messageId);

  test('gives a message without a job one, and leaves those that have one alone', async () => {
    const lost = await createRow();
    const young = await insertRow(profile);
    expect(await reconcileOnce(options(), null)).toEqual({ cursor: null, requeued: 1 });
    expect(await isAlive(lost)).toBe(true);
    expect(await isAlive(young)).toBe(false);
    expect(await reconcileOnce(options(), null)).toEqual({ cursor: null, requeued: 0 });
    expect(await meter.countOf('mail.reconciler.checked')).toBe(2);
    expect(await meter.countOf('mail.reconciler.requeued')).toBe(1);
  });

  test('a message that waits for its next attempt comes back when its time has come, not before', async () => {
    const before = await profile.queue.queue.depth();
    const id = await createRow({ retryAt: new Date(Date.now() + 3_600_000) });
    await reconcileOnce(options(), null);
    expect(await isAlive(id)).toBe(true);
    const after = await profile.queue.queue.depth();
    expect([after.delayed - before.delayed, after.waiting - before.waiting]).toEqual([1, 0]);
  });

  test('a message whose worker died is taken up, one whose worker lives is not', async () => {
    const [dead, alive] = await Promise.all([createRow(), createRow()]);
    await createDeliveries(profile.database, { leaseMs: 1 }).claim(dead);
    await createDeliveries(profile.database, { leaseMs: 600_000 }).claim(alive);
    await profile.database.query(
      "update messages set updated_at = now() - interval '1 minute', lease_until = lease_until - interval '30 seconds'",
      [],
    );
    expect(await reconcileOnce(options(), null)).toMatchObject({ requeued: 1 });
    expect([await isAlive(dead), await isAlive(alive)]).toEqual([true, false]);
  });

  test('a walk meets everybody once, the oldest first, whatever their times look like as text', async () => {
    const minuteAgo = Math.floor(Date.now() / 1000) * 1000 - 60_000;
    const offsets = [0, 5, 50, 500, 1000, 1500, 1500, 2000];
    const ids: string[] = [];
    for (const offset of offsets) ids.push(await createRow({ updatedAt: new Date(minuteAgo + offset) }));
    const met: string[] = [];
    let cursor: UnfinishedCursor | null = null;
    for (;;) {
      const [next] = await listUnfinished(profile.database, { idleMs: 1, after: cursor, limit: 1 });
      if (!next) break;
      met.push(next.id);
      cursor = next;
    }
    expect(met).toEqual(ids);
  });

  test('an honest backlog costs a bounded number of looks a turn, and no adds', async () => {
    await insertBacklog(6000);
    let adds = 0;
    const queue: MailQueue = {
      ...profile.queue.queue,
      findAlive: async (wanted) => new Set(wanted.map(({ messageId }) => messageId)),
      add: async () => void (adds += 1),
    };
    const first = await reconcileOnce({ ...options(), queue }, null);
    expect(await meter.countOf('mail.reconciler.checked')).toBe(5000);
    expect(first.cursor).not.toBeNull();
    const second = await reconcileOnce({ ...options(), queue }, first.cursor);
    expect(second).toEqual({ cursor: null, requeued: 0 });
    expect(await meter.countOf('mail.reconciler.checked')).toBe(6000);
    expect(adds).toBe(0);
  });

  /** All at the same instant, so that a walk that went by time alone would lose some. */
  const insertBacklog = (count: number) =>
    profile.database.query(
      `insert into messages (id, client_id, mode, trace_id, text, subject, from_address, recipient, updated_at)
      select gen_random_uuid(), $1::uuid, 'live', repeat('0', 32), 'x', 'x', 'a@example.com', 'b@example.net',
        now() - interval '1 minute'
      from generate_series(1, $2::integer)`,
      [profile.clientId, count],
    );

  describe('scheduled messages', () => {
    const createScheduled = async (inMs: number) => {
      const scheduledAt = new Date(Date.now() + inMs);
      const id = await createRow({ status: 'scheduled', scheduledAt });
      await profile.database.query(
        "update message_recipients set status = 'scheduled' where message_id = $1::uuid",
        [id],
      );
      return id;
    };
    const statusOf = async (id: string) => {
      const rows = await profile.database.query<{ status: string }>(
        'select status::text as status from messages where id = $1::uuid',
        [id],
      );
      return rows[0]?.status;
    };

    test('are queued when they are due, with a line that tells it and a job', async () => {
      const [due, later] = await Promise.all([createScheduled(-10), createScheduled(3_600_000)]);
      const nextMs = await promoteOnce(options());
      expect(nextMs).toBeGreaterThan(3_000_000);
      expect([await statusOf(due), await statusOf(later)]).toEqual(['queued', 'scheduled']);
      expect([await isAlive(due), await isAlive(later)]).toEqual([true, false]);
      expect((await listRecipients(profile.database.db, due)).map(({ status }) => status)).toEqual([
        'queued',
      ]);
      const events = await listMessageEvents(profile.database.db, due);
      expect(events.map(({ type }) => type)).toEqual(['accepted', 'due']);
      expect(await promoteOnce(options())).toBeGreaterThan(3_000_000);
      expect(await meter.countOf('mail.reconciler.promoted')).toBe(1);
    });

    test('come to no harm while the queue is away: the next turn finds them', async () => {
      const due = await createScheduled(-10);
      const away = { ...profile.queue.queue, add: async () => Promise.reject(new Error('away')) };
      await expect(promoteOnce({ ...options(), queue: away })).rejects.toThrow('away');
      expect(await statusOf(due)).toBe('queued');
      await profile.database.query("update messages set updated_at = now() - interval '1 minute'", []);
      await reconcileOnce(options(), null);
      expect(await isAlive(due)).toBe(true);
    });

    test('are promoted by whoever holds the lease, and by the next when it is given back', async () => {
      const first = startReconciler(options());
      const earliest = await createScheduled(0);
      await waitFor('the first promotion', async () =>
        (await statusOf(earliest)) === 'queued' ? true : null,
      );
      const second = startReconciler(options());
      const holders = await profile.database.query<{ holder: string }>(
        "select holder::text as holder from service_leases where name = 'reconciler'",
        [],
      );
      expect(holders).toHaveLength(1);
      await first.stop();
      const next = await createScheduled(0);
      await waitFor('the next promotion', async () => ((await statusOf(next)) === 'queued' ? true : null));
      await second.stop();
      await second.stop();
      expect(await profile.database.query('select 1 from service_leases', [])).toEqual([]);
    }, 90_000);
  });

  describe('its lease', () => {
    const a = { name: 'a test', holder: Bun.randomUUIDv7() };
    const rival = { ...a, holder: Bun.randomUUIDv7() };

    test('is held by one at a time, renewed by its holder, and free when given back', async () => {
      expect(await holdLease(profile.database, a, 60_000)).toBe(true);
      expect(await holdLease(profile.database, rival, 60_000)).toBe(false);
      expect(await holdLease(profile.database, a, 60_000)).toBe(true);
      await releaseLease(profile.database, rival);
      expect(await holdLease(profile.database, rival, 60_000)).toBe(false);
      await releaseLease(profile.database, a);
      expect(await holdLease(profile.database, rival, 60_000)).toBe(true);
      await releaseLease(profile.database, rival);
    });

    test('passes on when its holder says nothing any more', async () => {
      expect(await holdLease(profile.database, a, 1)).toBe(true);
      await waitFor('the lease to end', async () =>
        (await holdLease(profile.database, rival, 60_000)) ? true : null,
      );
      expect(await holdLease(profile.database, a, 60_000)).toBe(false);
      await releaseLease(profile.database, rival);
    });
  });
});
