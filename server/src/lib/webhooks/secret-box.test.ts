import { describe, expect, test } from 'bun:test';
import { createSecretBox } from './secret-box.ts';

const KEY = 'one key of thirty-two characters.';

describe('kept secrets', () => {
  test('open with their key and for their owner only', () => {
    const sealed = createSecretBox(KEY).seal('whsec_x', 'owner');
    expect(sealed).not.toContain('whsec_x');
    expect(createSecretBox(KEY).open(sealed, 'owner')).toBe('whsec_x');
    expect(() => createSecretBox(KEY).open(sealed, 'another')).toThrow('SECRET_KEY');
    expect(() => createSecretBox(`${KEY}.`).open(sealed, 'owner')).toThrow('SECRET_KEY');
    expect(() => createSecretBox(null).open(sealed, 'owner')).toThrow('SECRET_KEY');
  });

  test('are sealed to another text each time, and do not open when changed', () => {
    const box = createSecretBox(KEY);
    const sealed = box.seal('whsec_x', 'owner');
    expect(box.seal('whsec_x', 'owner')).not.toBe(sealed);
    const flipped = sealed.slice(0, -2) + (sealed.endsWith('A') ? 'BB' : 'AA');
    expect(() => box.open(flipped, 'owner')).toThrow();
  });

  test('without a key are kept as they are, and still open once there is one', () => {
    const plain = createSecretBox(null).seal('whsec_x', 'owner');
    expect(createSecretBox(KEY).open(plain, 'owner')).toBe('whsec_x');
  });
});
