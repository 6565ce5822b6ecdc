import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test';
import { type MailJob, type NewMailJob, RetryLater } from '../src/lib/queue/mail-queue.ts';
import { type BareProfile, openBareProfile } from './support/bare-profile.ts';
import { describeOnBothProfiles } from './support/system.ts';
import { waitFor } from './support/wait-for.ts';

const TRACEPARENT = '00-0123456789abcdef0123456789abcdef-0123456789abcdef-00';

/** Far longer than the tests. */
const LONG_MS = 3_600_000;

describeOnBothProfiles('the queue', (name) => {
  let profile: BareProfile;
  const cleanups: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    profile = await openBareProfile(name);
  }, 60_000);

  // What a test leaves behind is worked off, so that the next begins with nothing in the queue.
  afterEach(async () => {
    for (let cleanup = cleanups.pop(); cleanup; cleanup = cleanups.pop()) await cleanup();
    await empty();
  });

  afterAll(() => profile.release());

  const empty = async () => {
    const worker = profile.queue.startWorker({ handler: async () => {}, concurrency: 20, onError: () => {} });
    await waitFor('the queue to be empty', async () => {
      const { waiting, active } = await profile.queue.queue.depth();
      return waiting + active === 0 ? true : null;
    });
    await worker.stop(0);
  };

  /** Depth beyond the delayed jobs of the tests before. */
  const depth = async () => {
    const { waiting, active, delayed } = await profile.queue.queue.depth();
    return { waiting, active, delayed: delayed - delayedBefore };
  };

  let delayedBefore = 0;
  beforeEach(async () => {
    delayedBefore = (await profile.queue.queue.depth()).delayed;
  });

  const job = (options: Partial<NewMailJob> = {}): NewMailJob => ({
    messageId: Bun.randomUUIDv7(),
    traceparent: TRACEPARENT,
    priority: 'normal',
    ...options,
  });

  /** Works with the handler until the test ends. */
  const work = (handler: (job: MailJob) => Promise<void>, concurrency = 1) => {
    const worker = profile.queue.startWorker({ handler, concurrency, onError: () => {} });
    cleanups.push(() => worker.stop(0));
  };

  test('knows which messages have a job, in whatever lane and state', async () => {
    const { queue } = profile.queue;
    const alive = [
      job(),
      job({ priority: 'high' }),
      job({ priority: 'low' }),
      job({ delayMs: LONG_MS }),
      job({ priority: 'high', delayMs: LONG_MS }),
    ];
    const gone = [job(), job({ priority: 'high' })];
    await queue.add(alive);
    const found = await queue.findAlive([...alive, ...gone]);
    expect([...found].sort()).toEqual(alive.map(({ messageId }) => messageId).sort());
    expect(await queue.findAlive([])).toEqual(new Set());
  });

  test('counts what waits, what is delayed and what is under way', async () => {
    const { queue } = profile.queue;
    expect(await depth()).toEqual({ waiting: 0, delayed: 0, active: 0 });
    const held = Promise.withResolvers<void>();
    const taken = Promise.withResolvers<void>();
    const first = job();
    await queue.add([first]);
    work(async () => {
      taken.resolve();
      await held.promise;
    });
    await taken.promise;
    await queue.add([job(), job({ priority: 'low' }), job({ delayMs: LONG_MS })]);
    expect(await depth()).toEqual({ waiting: 2, delayed: 1, active: 1 });
    expect(await queue.findAlive([first])).toEqual(new Set([first.messageId]));
    held.resolve();
    await waitFor('the queue to be empty', async () =>
      (await queue.findAlive([first])).size === 0 ? true : null,
    );
  });

  test('a job that is there already is not added twice, whatever its state', async () => {
    const { queue } = profile.queue;
    const waiting = job();
    const delayed = job({ delayMs: LONG_MS });
    await queue.add([waiting, delayed]);
    await queue.add([waiting, { ...delayed, delayMs: 0 }]);
    expect(await depth()).toEqual({ waiting: 1, delayed: 1, active: 0 });
  });

  test('low yields to normal, and high waits for neither', async () => {
    const { queue } = profile.queue;
    const low = Array.from({ length: 3 }, () => job({ priority: 'low' }));
    const normal = Array.from({ length: 3 }, () => job());
    const high = job({ priority: 'high' });
    await queue.add([...low, ...normal, high]);
    const seen: string[] = [];
    const held = Promise.withResolvers<void>();
    work(async ({ messageId }) => {
      seen.push(messageId);
      // Whoever is first in the lane of the others holds it, until high has had its turn in its own.
      if (messageId === high.messageId) held.resolve();
      else await held.promise;
    });
    await waitFor('all to be seen', () => (seen.length === 7 ? true : null));
    const ids = (jobs: NewMailJob[]) => jobs.map(({ messageId }) => messageId);
    expect(seen.filter((id) => id !== high.messageId)).toEqual([...ids(normal), ...ids(low)]);
    expect(seen.slice(0, 2)).toContain(high.messageId);
  });

  test('a delayed job comes when its time has come, and a job that is to come back does', async () => {
    const { queue } = profile.queue;
    const delayed = job({ delayMs: 300 });
    const addedAt = performance.now();
    await queue.add([delayed]);
    const seenAt: number[] = [];
    work(async () => {
      seenAt.push(performance.now());
      if (seenAt.length === 1) throw new RetryLater(200);
    });
    await waitFor('the second time', () => (seenAt.length === 2 ? true : null));
    const [first = 0, second = 0] = seenAt;
    // Only what is too early is wrong; how late it is says how busy the machine is.
    expect(first - addedAt).toBeGreaterThanOrEqual(290);
    expect(second - first).toBeGreaterThanOrEqual(190);
  });

  test('many at once are all added, once each', async () => {
    const { queue } = profile.queue;
    const jobs = Array.from({ length: 500 }, (_, i) => job({ priority: i % 5 === 0 ? 'high' : 'normal' }));
    await queue.add(jobs);
    expect(await depth()).toEqual({ waiting: 500, delayed: 0, active: 0 });
    expect((await queue.findAlive(jobs)).size).toBe(500);
  });
});
