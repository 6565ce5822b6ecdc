import { afterAll, beforeAll, expect, test } from 'bun:test';
import { sql } from 'drizzle-orm';
import { createEnqueuer } from '../src/api/accepting/enqueuer.ts';
import { createIntake, type IntakeOptions } from '../src/api/accepting/intake.ts';
import { loadContent } from '../src/lib/blobs/message-content.ts';
import { createDatabaseStore } from '../src/lib/blobs/database-store.ts';
import type { Database } from '../src/lib/db/database.ts';
import { claimKey, findPriorClaims, pruneIdempotencyKeys } from '../src/lib/db/idempotency.ts';
import { findMessage, listMessageEvents, listRecipients } from '../src/lib/db/messages.ts';
import { type NewMessage, writeUnits } from '../src/lib/db/messages-write.ts';
import { embeddedSessionOf } from '../src/lib/db/statement.ts';
import { type Claim, claimName } from '../src/lib/idempotency/claim.ts';
import type { MailQueue, NewMailJob } from '../src/lib/queue/mail-queue.ts';
import { createLogger } from '../src/lib/telemetry/logger.ts';
import { createMetrics } from '../src/lib/telemetry/metrics.ts';
import { SILENT_TRACER } from '../src/lib/telemetry/tracer.ts';
import { NO_QUEUE, scheduledMessage, unitOf } from './support/new-messages.ts';
import { describeOnBothProfiles, startSystem, type TestSystem } from './support/system.ts';
import { waitFor } from './support/wait-for.ts';

const logger = createLogger({ level: 'silent' });
const metrics = createMetrics();

describeOnBothProfiles('the intake', (profile) => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await startSystem(profile);
  }, 60_000);

  afterAll(() => system.stop());

  const newMessage = (changes: Partial<NewMessage['row']> = {}) =>
    scheduledMessage({ clientId: system.clientId, ...changes });
  const newClaim = (key: string, requestHash = 'h'): Claim => ({
    ownerId: system.clientId,
    mode: 'live',
    method: 'POST',
    path: '/v1/messages',
    key,
    requestHash,
  });
  const owner = () => ({ clientId: system.clientId, mode: 'live' }) as const;
  const find = (message: NewMessage) => findMessage(system.database.db, message.row.id, owner());
  const newIntake = (options: Partial<IntakeOptions> = {}) =>
    createIntake({
      database: system.database,
      addJobsInTransaction: null,
      enqueuer: createEnqueuer({ queue: NO_QUEUE, logger, metrics, tracer: SILENT_TRACER }),
      maxWaiting: 1000,
      maxIntakeMs: 30_000,
      hasRoom: () => true,
      ...options,
    });
  /** A database whose statements wait until they are let go. */
  const gated = () => {
    const gate = Promise.withResolvers<void>();
    const transaction: Database['transaction'] = async (work) => {
      await gate.promise;
      return system.database.transaction(work);
    };
    return { database: { ...system.database, transaction }, open: gate.resolve };
  };
  /** Any function here makes the intake use transactions, where {@link gated} can hold it. */
  const inTransaction = async () => {};

  test('keeps every field as it was given', async () => {
    const message = newMessage();
    expect(await newIntake().accept(unitOf(message))).toEqual({ kind: 'written', count: 1 });
    expect(await find(message)).toMatchObject(message.row);
    expect(await listRecipients(system.database.db, message.row.id)).toMatchObject(
      message.recipients.map((recipient) => ({ ...recipient, status: 'scheduled' })),
    );
    const events = await listMessageEvents(system.database.db, message.row.id);
    expect(events.map(({ type }) => type)).toEqual(['accepted', 'scheduled']);
  });

  test('a row that the database refuses fails alone', async () => {
    const intake = newIntake();
    const good = Array.from({ length: 20 }, () => newMessage());
    const poisons = [
      newMessage({ text: 'a\0b' }),
      newMessage({ templateVersionId: Bun.randomUUIDv7() }),
      newMessage({ text: null }),
    ];
    const all = [...good.slice(0, 7), ...poisons, ...good.slice(7)];
    const results = await Promise.allSettled(all.map((message) => intake.accept(unitOf(message))));
    expect(results.map(({ status }) => status)).toEqual(
      all.map((message) => (poisons.includes(message) ? 'rejected' : 'fulfilled')),
    );
    for (const message of good) expect(await find(message)).not.toBeNull();
    for (const message of poisons) expect(await find(message)).toBeNull();
  });

  test('a key whose message is refused is free again', async () => {
    const claim = newClaim('poisoned');
    await expect(newIntake().accept(unitOf(newMessage({ text: 'a\0b' }), claim))).rejects.toThrow();
    expect((await findPriorClaims(system.database.db, [claim])).size).toBe(0);
    expect(await newIntake().accept(unitOf(newMessage(), claim))).toMatchObject({ kind: 'written' });
  });

  test('one key in one flush and in many makes one message', async () => {
    const claim = newClaim('flushed');
    const sent = Array.from({ length: 30 }, () => newMessage());
    // Two intakes are two processes: neither knows what the other holds.
    const intakes = [newIntake(), newIntake()];
    const results = await Promise.all(
      sent.map((message, i) => (intakes[i % 2] ?? newIntake()).accept(unitOf(message, claim))),
    );
    expect(results.filter(({ kind }) => kind === 'written')).toHaveLength(1);
    const written = sent[results.findIndex(({ kind }) => kind === 'written')];
    for (const result of results) {
      if (result.kind !== 'claimed') continue;
      expect(result.prior).toEqual({
        kind: 'answered',
        status: 202,
        response: JSON.stringify({ messageId: written?.row.id }),
      });
    }
    const kept = await Promise.all(sent.map(find));
    expect(kept.filter((row) => row !== null)).toHaveLength(1);
    expect(await newIntake().accept(unitOf(newMessage(), newClaim('flushed', 'other')))).toEqual({
      kind: 'claimed',
      prior: { kind: 'reused' },
    });
  });

  test('expired keys are pruned, others stay', async () => {
    const [old, fresh] = [newClaim('old'), newClaim('fresh')];
    for (const claim of [old, fresh])
      await claimKey(system.database.db, claim, { status: 202, response: '{}' });
    await system.database.db.execute(
      sql`update idempotency_keys set expires_at = now() - interval '1 second' where key = 'old'`,
    );
    expect(await pruneIdempotencyKeys(system.database.db)).toBe(1);
    expect([...(await findPriorClaims(system.database.db, [old, fresh])).keys()]).toEqual([claimName(fresh)]);
  });

  test('more than may wait is refused at once, and the rest is kept', async () => {
    const { database, open } = gated();
    const intake = newIntake({ database, addJobsInTransaction: inTransaction, maxWaiting: 5 });
    const accepting = Promise.allSettled(
      Array.from({ length: 8 }, () => intake.accept(unitOf(newMessage()))),
    );
    expect(intake.assertOpen).toThrow(expect.objectContaining({ code: 'overloaded', reason: 'waiting' }));
    open();
    const results = await accepting;
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    expect(intake.assertOpen).not.toThrow();
  });

  test('a database that takes too long is not asked for ever more', async () => {
    const { database, open } = gated();
    const intake = newIntake({ database, addJobsInTransaction: inTransaction, maxIntakeMs: 50 });
    const late = [newMessage(), newMessage()];
    for (const message of late) {
      await expect(intake.accept(unitOf(message))).rejects.toMatchObject({ reason: 'database' });
    }
    // Both slots are stuck: nothing further is started.
    expect(intake.assertOpen).toThrow(expect.objectContaining({ reason: 'database' }));
    open();
    await waitFor('the intake to be open again', () => {
      try {
        intake.assertOpen();
        return true;
      } catch {
        return null;
      }
    });
    await waitFor('what was late to be kept', async () => (await find(late[1] ?? newMessage())) && true);
  });

  test('a full queue closes it', async () => {
    const intake = newIntake({ hasRoom: () => false });
    const message = newMessage();
    await expect(intake.accept(unitOf(message))).rejects.toMatchObject({ reason: 'queue' });
    expect(await find(message)).toBeNull();
  });

  test('a queue that fails is left alone for a while, and nobody waits for it', async () => {
    const calls: number[] = [];
    const failing: MailQueue = {
      ...NO_QUEUE,
      add: async (jobs) => {
        calls.push(jobs.length);
        throw new Error('away');
      },
    };
    const enqueuer = createEnqueuer({ queue: failing, logger, metrics, tracer: SILENT_TRACER });
    const job: NewMailJob = { messageId: Bun.randomUUIDv7(), traceparent: '', priority: 'normal' };
    enqueuer.add([job]);
    await enqueuer.stop();
    enqueuer.add([job]);
    await enqueuer.stop();
    expect(calls).toEqual([1]);
  });

  test('blobs in the database come back with their message', async () => {
    const blobs = createDatabaseStore(system.database.db);
    const message = newMessage({ text: null, bodyBlob: 'body/x' });
    const bytes = crypto.getRandomValues(new Uint8Array(70_000));
    const { db } = system.database;
    await blobs.put('body/x', new TextEncoder().encode('{"html":"<p>x</p>","text":null}'), db);
    await blobs.put('attachment/x/0', bytes, db);
    const facts = {
      filename: 'a',
      contentType: 'a/b',
      contentId: null,
      sizeBytes: 70_000,
      blobKey: 'attachment/x/0',
    };
    await newIntake().accept(unitOf({ ...message, attachments: [facts] }));
    const row = await find(message);
    if (!row) throw new Error('not kept');
    expect(await loadContent({ db, blobs }, row)).toEqual({
      html: '<p>x</p>',
      text: null,
      attachments: [{ filename: 'a', contentType: 'a/b', contentId: null, bytes }],
    });
    await blobs.delete(['attachment/x/0']);
    await expect(loadContent({ db, blobs }, row)).rejects.toThrow('attachment/x/0');
  });

  if (profile === 'production') {
    test('a key that another process still holds is in progress, and free once that has gone', async () => {
      const name = `held ${Bun.randomUUIDv7()}`;
      const send = (path: string, key: string, body: unknown) =>
        system.call('POST', path, { key, body, headers: { 'idempotency-key': 'held' } });
      const mail = { to: 'ada@example.net', subject: 'x', text: 'x' };
      const nobody = '00000000-0000-0000-0000-000000000000';
      const held = [newClaim('held'), { ...newClaim('held'), ownerId: nobody, path: '/v1/clients' }];
      const abandoned = new Error('abandoned');
      const holding = system.database.transaction(async (tx) => {
        for (const claim of held) await claimKey(tx, claim, null);
        const answers = await Promise.all([
          send('/v1/messages', system.keys.live, mail),
          send('/v1/clients', system.keys.admin, { name }),
        ]);
        for (const answer of answers)
          expect(answer).toMatchObject({ status: 409, body: { code: 'idempotency_in_progress' } });
        throw abandoned;
      });
      await expect(holding).rejects.toBe(abandoned);
      expect((await send('/v1/messages', system.keys.live, mail)).status).toBe(202);
      expect((await send('/v1/clients', system.keys.admin, { name })).status).toBe(201);
    }, 60_000);
  }

  if (profile === 'embedded') {
    test('row and job commit together or not at all', async () => {
      const jobs: NewMailJob[] = [];
      const count = async () => {
        const { rows } = await embeddedSessionOf(system.database.db).query<{ n: number }>(
          'select count(*)::int as n from bullmq.job where id = any($1)',
          [jobs.map(({ messageId }) => messageId)],
        );
        return rows[0]?.n;
      };
      const make = (n: number) => {
        const made = Array.from({ length: n }, () => newMessage());
        // Later than anybody looks: no worker may end the job before it is counted.
        const delayed = made.map(({ row }) => ({
          messageId: row.id,
          traceparent: '',
          priority: row.priority,
          delayMs: 3_600_000,
        }));
        jobs.splice(0, jobs.length, ...delayed);
        return made.map(({ row, recipients, attachments }, i) => ({
          row,
          recipients,
          attachments,
          job: delayed[i] ?? null,
        }));
      };
      const { addJobsInTransaction } = system.profile;
      if (!addJobsInTransaction) throw new Error('the embedded queue is not in the database');
      for (const n of [1, 20]) {
        const units = make(n).map((message) => unitOf(message));
        await writeUnits(system.database, units, addJobsInTransaction);
        expect(await count()).toBe(n);
        const refused = make(n).map((message) => unitOf(message));
        const failing = async (...args: Parameters<typeof addJobsInTransaction>) => {
          await addJobsInTransaction(...args);
          throw new Error('after the jobs');
        };
        await expect(writeUnits(system.database, refused, failing)).rejects.toThrow('after the jobs');
        expect(await count()).toBe(0);
      }
    });
  }
});
