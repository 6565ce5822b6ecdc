import { describe, expect, test } from 'bun:test';
import type { Evidence } from './evidence.ts';
import { measureFailover, peakOf } from './failover-figures.ts';
import type { Visit } from './provider.ts';

function visitsAt(provider: string, times: readonly number[]): Visit[] {
  return times.map((at) => ({
    provider,
    messageId: null,
    token: null,
    isIntact: true,
    recipients: [],
    at,
    answeredAt: at,
    end: 'answered',
    isStored: true,
  }));
}

const EVIDENCE: Evidence = {
  promises: [],
  unansweredTokens: new Set(),
  isIdempotent: true,
  states: new Map([
    ['a', { status: 'sent', attempts: 1, lastError: null }],
    ['b', { status: 'sent', attempts: 3, lastError: null }],
    ['c', { status: 'failed', attempts: 1, lastError: null }],
  ]),
  timelines: new Map(),
  visits: [],
  incidents: [{ blow: 'provider down', target: 'primary', at: 10_000, endedAt: 20_000 }],
  concurrency: 1,
  workers: 1,
  leaseMs: 1000,
};

describe('the figures of a failover', () => {
  test('are read around the outage', () => {
    const primary = {
      name: 'primary',
      visits: visitsAt('primary', [9000, 9100, 25_000, 25_100, 26_200]),
      mostOpen: () => 3,
    };
    const backup = { visits: visitsAt('backup', [10_250, 11_000]) };
    expect(
      measureFailover({ evidence: EVIDENCE, primary, backup, connectionsBefore: 4, failovers: 7 }),
    ).toEqual({
      failed: 1,
      firstOnBackupMs: 250,
      extraAttempts: 2,
      failovers: 7,
      firstOnPrimaryAgainMs: 5000,
      connectionsBefore: 4,
      connectionsAfter: 3,
      peakBefore: 2,
      peakAfter: 2,
      recovery: [2, 1, 0, 0, 0, 0, 0, 0, 0, 0],
    });
  });

  test('say so where the backup never had a mail and the primary none again', () => {
    const primary = { name: 'primary', visits: visitsAt('primary', [9000]), mostOpen: () => 0 };
    const figures = measureFailover({
      evidence: EVIDENCE,
      primary,
      backup: { visits: [] },
      connectionsBefore: 1,
      failovers: 0,
    });
    expect(figures).toMatchObject({ firstOnBackupMs: null, firstOnPrimaryAgainMs: null, recovery: [] });
  });

  test('find the peak wherever it lies', () => {
    expect(peakOf([])).toBe(0);
    expect(peakOf([0, 400, 800, 850, 900, 1299, 1300])).toBe(4);
  });
});
