import { describe, expect, test } from 'bun:test';
import { spreadRecipients } from './http-recipients.ts';
import { createTestMail } from './http-test-mail.ts';

const at = (name: string) => ({ name: null, email: `${name}@example.com` });

function spread(envelope: string[], to: string[], cc: string[] = []) {
  const parts = createTestMail({ to: to.map(at), cc: cc.map(at) }).parts?.();
  if (!parts) throw new Error('no parts');
  return spreadRecipients(
    envelope.map((name) => `${name}@example.com`),
    parts,
  );
}

const emails = (names: string[]) => names.map((name) => `${name}@example.com`);

describe('an envelope over the fields of an API', () => {
  test('whoever is shown nowhere is a blind copy', () => {
    expect(spread(['a', 'b', 'c', 'd'], ['a', 'b'], ['c'])).toEqual({
      to: emails(['a', 'b']),
      cc: emails(['c']),
      bcc: emails(['d']),
      postponed: [],
    });
  });

  test('whoever is not in the envelope is not written to', () => {
    expect(spread(['b', 'd'], ['a', 'b'], ['c'])).toMatchObject({
      to: emails(['b']),
      cc: [],
      bcc: emails(['d']),
    });
  });

  test('an address that is shown twice is written to once', () => {
    expect(spread(['a'], ['a', 'a'], ['a'])).toMatchObject({ to: emails(['a']), cc: [], bcc: [] });
  });

  test('copies move up where nobody else is left', () => {
    expect(spread(['c', 'd'], ['a'], ['c'])).toMatchObject({ to: emails(['c']), cc: [], bcc: emails(['d']) });
  });

  test('blind copies on their own never see each other', () => {
    expect(spread(['d', 'e', 'f'], ['a'], ['c'])).toMatchObject({
      to: emails(['d']),
      cc: [],
      bcc: [],
      postponed: emails(['e', 'f']).map((address) => ({ address, isPermanent: false })),
    });
  });

  test('names go along', () => {
    const parts = createTestMail({ to: [{ name: 'Doe, Jane', email: 'jane@example.com' }] }).parts?.();
    if (!parts) throw new Error('no parts');
    expect(spreadRecipients(['jane@example.com'], parts).to).toEqual(['"Doe, Jane" <jane@example.com>']);
  });
});
