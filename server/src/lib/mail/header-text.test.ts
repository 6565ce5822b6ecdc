import { expect, test } from 'bun:test';
import { checkCustomHeaders, checkHeaderText, isHeaderName, isHeaderText } from './header-text.ts';

function codesOf(headers: Record<string, string>): string[] {
  return checkCustomHeaders(headers).map(({ code }) => code);
}

test('a subject may be any Unicode text in one line', () => {
  for (const text of ['Hello', 'Zoë 🎉 שלום', '=?utf-8?Q?literal?=', 'x'.repeat(998)])
    expect(checkHeaderText(text)).toBeNull();
});

test.each([
  'a\r\nBcc: x@y',
  'a\nb',
  'a\rb',
  'a\0b',
  'a\tb',
  'a\u2028b',
  'a\u0085b',
  'a\uD800',
  'x'.repeat(999),
])('a subject may not be %j', (text) => {
  expect(checkHeaderText(text)).not.toBeNull();
});

test('callers may set threading, list and own headers', () => {
  expect(
    codesOf({
      'X-Campaign': 'spring ä',
      References: '<a@b.example> <c@d.example>',
      'List-Unsubscribe': '<https://example.com/u/1>',
      'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
    }),
  ).toEqual([]);
});

test.each([
  'From',
  'to',
  'CC',
  'Bcc',
  'Sender',
  'Reply-To',
  'Subject',
  'Date',
  'Message-ID',
  'MIME-Version',
  'Content-Type',
  'content-anything',
  'DKIM-Signature',
  'ARC-Seal',
  'Return-Path',
  'Received',
  'Resent-To',
  'X-SMTPAPI',
  'X-SES-Source-ARN',
  'X-Mail-Message-Id',
])('callers may not set %s', (name) => {
  expect(codesOf({ [name]: 'x' })).toEqual(['reserved_name']);
});

test.each(['', 'a b', 'a:b', 'X-A\r\nBcc', 'ä', '-x', 'x'.repeat(77), 'To '])(
  '%j is no header name',
  (name) => {
    expect(codesOf({ [name]: 'x' })).toEqual(['bad_name']);
    expect(isHeaderName(name)).toBe(false);
  },
);

test('each value that could break out of its field, or of its line, is named', () => {
  expect(codesOf({ 'X-A': 'a\r\nBcc: x@y' })).toEqual(['forbidden_character']);
  expect(codesOf({ 'X-A': 'a\0' })).toEqual(['forbidden_character']);
  expect(codesOf({ 'X-A': '=?utf-8?Q?=0D=0A?=' })).toEqual(['encoded_word']);
  expect(codesOf({ 'X-A': 'a '.repeat(2001) })).toEqual(['too_long']);
  expect(codesOf({ 'X-A': 'a'.repeat(901) })).toEqual(['line_too_long']);
  expect(codesOf({ 'X-A': 'ok', 'x-a': 'again' })).toEqual(['repeated_name']);
  expect(codesOf({ 'X-A': '\n', 'X-B': 'fine', To: 'x' })).toEqual(['forbidden_character', 'reserved_name']);
});

test('the number of headers is limited', () => {
  const many = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`X-${index}`, 'x']));
  expect(codesOf(many)).toEqual(['too_many']);
});

test('header text is well-formed and without control characters', () => {
  expect(isHeaderText('🎉')).toBe(true);
  expect(isHeaderText('\uD83C')).toBe(false);
  expect(isHeaderText('\u001B[31m')).toBe(false);
});
