import { describe, expect, test } from 'bun:test';
import { toSmtpBody } from './smtp-body.ts';

function bodyOf(mime: string): string {
  return toSmtpBody(Buffer.from(mime, 'latin1')).toString('latin1');
}

describe('a message on the wire', () => {
  const messages: [string, string][] = [
    ['', '.\r\n'],
    ['a\r\n', 'a\r\n.\r\n'],
    ['a', 'a\r\n.\r\n'],
    ['.', '..\r\n.\r\n'],
    ['.a\r\n', '..a\r\n.\r\n'],
    ['a\r\n.\r\nb\r\n', 'a\r\n..\r\nb\r\n.\r\n'],
    ['a\r\n..b\r\n', 'a\r\n...b\r\n.\r\n'],
    ['a.b\r\nc.\r\n', 'a.b\r\nc.\r\n.\r\n'],
    // What some receivers take for the end of a mail.
    ['a\n.\nb\r\n', 'a\r\n..\r\nb\r\n.\r\n'],
    ['a\n.\r\nb\r\n', 'a\r\n..\r\nb\r\n.\r\n'],
    ['a\r\n.\rb\r\n', 'a\r\n..\r\nb\r\n.\r\n'],
    ['a\r.\rb\r\n', 'a\r\n..\r\nb\r\n.\r\n'],
    ['a\r.\r\nb\r\n', 'a\r\n..\r\nb\r\n.\r\n'],
    ['\r\n.\r\n', '\r\n..\r\n.\r\n'],
    ['a\r', 'a\r\r\n.\r\n'],
  ];
  test.each(messages)('%j is %j', (mime, body) => {
    expect(bodyOf(mime)).toBe(body);
  });

  test('has the dots and line breaks of the message again once a receiver has undone it', () => {
    const pieces = ['\r\n', '.', '..', 'a', '\xe9', ' '];
    for (let seed = 0; seed < 6 ** 5; seed += 1) {
      const chosen = Array.from({ length: 5 }, (_, n) => pieces[Math.floor(seed / 6 ** n) % 6]);
      const mime = [...chosen, '\r\n'].join('');
      const body = bodyOf(mime);
      expect(body.indexOf('\r\n.\r\n')).toBe(body.length - 5);
      expect(body.slice(0, -3).replace(/(^|\r\n)\./g, '$1')).toBe(mime);
    }
  });

  test('is read from its own part of a larger buffer only', () => {
    const bytes = new TextEncoder().encode('xx\r\n.hello\r\nyy');
    expect(toSmtpBody(bytes.subarray(4, 12)).toString()).toBe('..hello\r\n.\r\n');
  });
});
