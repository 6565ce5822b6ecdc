import { expect, test } from 'bun:test';
import { renderHash } from './render-hash.ts';

test('the same mail has the same hash, and whatever differs another', () => {
  const mail = { subject: 'ab', html: 'cd', text: 'ef' };
  expect(renderHash({ ...mail })).toBe(renderHash(mail));
  const others = [
    { ...mail, subject: 'a', html: 'bcd' },
    { ...mail, html: 'cde', text: 'f' },
    { ...mail, html: null, text: 'cdef' },
    { ...mail, html: 'cdef', text: null },
    { ...mail, html: 'cdef', text: '' },
    { ...mail, text: 'eF' },
  ];
  expect(new Set([mail, ...others].map(renderHash)).size).toBe(others.length + 1);
});
