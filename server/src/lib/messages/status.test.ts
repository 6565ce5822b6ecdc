import { describe, expect, test } from 'bun:test';
import { messageStatus } from '../../db/schema.ts';
import { deriveStatus } from './status.ts';

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
