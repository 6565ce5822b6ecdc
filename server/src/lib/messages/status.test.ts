import { describe, expect, test } from 'bun:test';
import { messageStatus } from '../../db/schema.ts';
import { canBecome, deriveStatus, predecessorsOf } from './status.ts';

describe('message status', () => {
  test('whatever still needs work or attention comes before success', () => {
    expect(deriveStatus(['delivered', 'queued'])).toBe('queued');
    expect(deriveStatus(['delivered', 'sending', 'failed'])).toBe('sending');
    expect(deriveStatus(['sent', 'unknown', 'failed'])).toBe('unknown');
    expect(deriveStatus(['sent', 'failed'])).toBe('failed');
    expect(deriveStatus(['delivered', 'sent'])).toBe('sent');
    expect(deriveStatus(['delivered', 'delivered'])).toBe('delivered');
  });

  test('knows every state of the database', () => {
    for (const status of messageStatus.enumValues) expect(deriveStatus([status])).toBe(status);
  });

  test('a message without recipients is a broken promise', () => {
    expect(() => deriveStatus([])).toThrow(RangeError);
  });
});

describe('transitions', () => {
  test('whatever is ended stays so, but for a retry of what failed', () => {
    for (const ended of ['bounced', 'spam', 'canceled', 'suppressed'] as const)
      for (const to of messageStatus.enumValues) expect(canBecome(ended, to)).toBe(false);
    expect(messageStatus.enumValues.filter((to) => canBecome('failed', to))).toEqual(['queued']);
  });

  test('a late report never moves a message backwards', () => {
    expect(canBecome('delivered', 'sent')).toBe(false);
    expect(canBecome('bounced', 'delivered')).toBe(false);
    expect(canBecome('sent', 'queued')).toBe(false);
    expect(canBecome('sent', 'unknown')).toBe(false);
  });

  test('what a provider took it may still refuse, and that can be tried again', () => {
    expect([canBecome('sent', 'failed'), canBecome('failed', 'queued')]).toEqual([true, true]);
    expect(canBecome('delivered', 'failed')).toBe(false);
  });

  test('predecessors are the transitions read backwards', () => {
    expect(predecessorsOf('sending')).toEqual(['queued']);
    expect(predecessorsOf('delivered')).toEqual(['sending', 'sent', 'unknown']);
    expect(predecessorsOf('canceled')).toEqual(['scheduled', 'queued']);
    expect(predecessorsOf('scheduled')).toEqual([]);
  });
});
