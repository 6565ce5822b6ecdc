import { describe, expect, test } from 'bun:test';
import { resolveTarget } from './resolve-target.ts';

const ask = (answers: readonly string[], { allowPrivate = false } = {}, url = 'https://hooks.example.com/') =>
  resolveTarget(new URL(url), { resolve: async () => answers, allowPrivate });

describe('the address behind a name', () => {
  test('is the first of its public ones', async () => {
    expect(await ask(['1.1.1.1', '2606:4700::1111'])).toEqual({ ok: true, address: '1.1.1.1' });
  });

  test.each([
    [['127.0.0.1']],
    [['169.254.169.254']],
    [['::1']],
    [['::ffff:10.0.0.1']],
    [['64:ff9b::7f00:1']],
    [['1.1.1.1', '10.0.0.1']],
    [['10.0.0.1', '1.1.1.1']],
    [['not an address']],
    [[]],
  ])('is none where DNS says %j', async (answers) => {
    expect((await ask(answers)).ok).toBe(false);
  });

  test('may be private only where that is allowed', async () => {
    expect(await ask(['127.0.0.1'], { allowPrivate: true })).toEqual({ ok: true, address: '127.0.0.1' });
  });

  test('DNS is not asked about an address', async () => {
    const resolve = async () => {
      throw new Error('asked');
    };
    const literal = (url: string) => resolveTarget(new URL(url), { resolve, allowPrivate: false });
    expect(await literal('https://1.1.1.1/')).toEqual({ ok: true, address: '1.1.1.1' });
    expect(await literal('https://[2606:4700::1111]/')).toEqual({ ok: true, address: '2606:4700::1111' });
    expect((await literal('https://[::1]/')).ok).toBe(false);
  });
});
