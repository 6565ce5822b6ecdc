import { expect, test } from 'bun:test';
import { createFrameDecoder, encodeFrame } from './frames.ts';

const TEXTS = ['', 'a', 'Grüße 😀', 'x'.repeat(70_000)];

test.each([1, 2, 7, 4096, 1_000_000])('frames survive being cut into chunks of %d bytes', (size) => {
  const bytes = Buffer.concat(TEXTS.map((text, index) => encodeFrame(index + 1, text)));
  const decoder = createFrameDecoder({ maxBytes: 100_000 });
  const frames = [];
  // one buffer for all chunks, as a reader that saves memory does
  const chunk = Buffer.alloc(Math.min(size, bytes.length));
  for (let offset = 0; offset < bytes.length; offset += size) {
    const length = bytes.copy(chunk, 0, offset, offset + size);
    const decoded = decoder.push(chunk.subarray(0, length));
    if (decoded === 'too_large') throw new Error('too large');
    frames.push(...decoded);
  }
  expect(frames).toEqual(TEXTS.map((text, index) => ({ kind: index + 1, text })));
});

test('a frame that is too large is refused by its header, before its bytes arrive', () => {
  const header = encodeFrame(1, 'x'.repeat(101)).subarray(0, 5);
  expect(createFrameDecoder({ maxBytes: 100 }).push(header)).toBe('too_large');
});

test('a frame without even a kind is refused', () => {
  expect(createFrameDecoder({ maxBytes: 100 }).push(new Uint8Array(5))).toBe('too_large');
});
