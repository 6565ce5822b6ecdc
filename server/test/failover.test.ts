import { afterEach, describe, expect, test } from 'bun:test';
import { createProviderRouter, type RouterResult } from '../src/lib/providers/router.ts';
import { createMail, createScriptedProvider } from '../src/lib/providers/router-test-provider.ts';
import { createSmtpProvider } from '../src/lib/providers/smtp.ts';
import { createLogger } from '../src/lib/telemetry/logger.ts';
import { createMetrics } from '../src/lib/telemetry/metrics.ts';
import { type SinkPlan, type SmtpSink, startSmtpSink } from './support/smtp-sink.ts';

const POOL_SIZE = 10;
const CONCURRENCY = 20;
const MIME = new TextEncoder().encode('From: a@b.example\r\nTo: c@d.example\r\nSubject: x\r\n\r\nhello\r\n');
/** A server that is up and serves nobody: 421 before anything was said. */
const DOWN: SinkPlan = { greeting: () => ({ code: 421, text: 'closed for repairs' }) };

/** Two relays as a worker has them; only the time of the breakers is the test's. */
describe('failover between real relays', () => {
  const cleanups: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (let cleanup = cleanups.pop(); cleanup; cleanup = cleanups.pop()) await cleanup();
  });

  async function prepare(plan: SinkPlan) {
    const [primary, backup] = await Promise.all([startSmtpSink({ plan }), startSmtpSink()]);
    const clock = { ms: 1000 };
    const toPlace = (name: string, order: number, { host, port }: SmtpSink) => ({
      provider: createSmtpProvider({ name, host, port, isSecure: false, auth: null, poolSize: POOL_SIZE }),
      order,
      weight: 1,
      ratePerS: null,
    });
    const router = createProviderRouter({
      providers: [toPlace('primary', 1, primary), toPlace('backup', 2, backup)],
      inbox: createScriptedProvider('inbox'),
      logger: createLogger({ level: 'silent' }),
      metrics: createMetrics(),
      nowMs: () => clock.ms,
    });
    cleanups.push(primary.stop, backup.stop, router.close);
    const handOvers: string[] = [];
    const failovers: string[] = [];
    let sent = 0;
    const send = (): Promise<RouterResult> =>
      router.send(
        { ...createMail(`m${++sent}`), mime: MIME },
        { mode: 'live', boundTo: null },
        {
          signal: new AbortController().signal,
          onHandOver: async (name) => void handOvers.push(name),
          onFailover: (name) => void failovers.push(name),
        },
      );
    /** As a worker does: so many at once, until all have been sent; who sent each. */
    const sendMany = async (count: number) => {
      const names: string[] = [];
      let left = count;
      const work = async () => {
        while (left-- > 0) {
          const { provider, result } = await send();
          names.push(`${provider} ${result.kind}`);
        }
      };
      await Promise.all(Array.from({ length: CONCURRENCY }, work));
      return Object.fromEntries(
        Map.groupBy(names, (name) => name)
          .entries()
          .map(([name, all]) => [name, all.length]),
      );
    };
    return { primary, backup, clock, router, handOvers, failovers, send, sendMany };
  }

  test('a primary that is down costs no message, and gets its mail back step by step', async () => {
    const { primary, backup, clock, handOvers, failovers, send, sendMany } = await prepare(DOWN);
    expect(await sendMany(200)).toEqual({ 'backup sent': 200 });
    expect(await backup.waitForMails(200)).toHaveLength(200);
    // Those that were under way when it opened, each with an extra attempt; none after them.
    expect(failovers.length).toBeGreaterThanOrEqual(5);
    expect(failovers.length).toBeLessThanOrEqual(CONCURRENCY);
    expect(handOvers).toEqual(Array(200).fill('backup'));
    const knocks = primary.connectionCount();

    primary.setPlan({});
    await sendMany(50);
    expect(primary.connectionCount()).toBe(knocks);
    clock.ms += 5000;
    expect(await send()).toMatchObject({ provider: 'primary' });
    // The backup has what the primary is not trusted with yet, until that is nothing.
    for (let shares = await sendMany(50); shares['primary sent'] !== 50; shares = await sendMany(50))
      expect((shares['primary sent'] ?? 0) + (shares['backup sent'] ?? 0)).toBe(50);
    expect(primary.connectionCount() - knocks).toBeLessThanOrEqual(POOL_SIZE);
  });

  test('a connection that breaks after the message was handed over is never followed by the backup', async () => {
    const { primary, backup, handOvers, router, send } = await prepare({ message: () => 'drop' });
    for (let i = 0; i < 5; i++) expect((await send()).result.kind).toBe('ambiguous');
    expect([primary.mails.length, backup.mails.length]).toEqual([5, 0]);
    expect(handOvers).toEqual(Array(5).fill('primary'));
    // From now on others are spared.
    expect(router.states()[0]?.breaker.kind).toBe('open');
    expect(await send()).toMatchObject({ provider: 'backup', result: { kind: 'sent' } });
  });

  test('a refused recipient is no reason for the backup, nor for the breaker', async () => {
    const { backup, router, sendMany } = await prepare({
      recipient: () => ({ code: 550, text: 'no such user' }),
    });
    expect(await sendMany(60)).toEqual({ 'primary rejected': 60 });
    expect([backup.connectionCount(), router.states()[0]?.breaker.kind]).toEqual([0, 'closed']);
  });
});
