import { afterAll, describe, expect, test } from 'bun:test';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toWireAttachment } from './attachment.ts';

const folder = mkdtempSync(join(tmpdir(), 'sdk-attachment-'));
const path = join(folder, 'note.txt');
writeFileSync(path, 'häh');
afterAll(() => rmSync(folder, { recursive: true }));

const BYTES = new TextEncoder().encode('häh');
const ENCODED = Buffer.from(BYTES).toString('base64');
const filename = 'note.txt';
const parts = async function* () {
  const reused = new Uint8Array(1);
  for (const byte of BYTES) {
    reused[0] = byte;
    yield reused;
  }
};

describe('an attachment', () => {
  test.each([
    ['base64', { filename, content: ENCODED }],
    ['bytes', { filename, content: BYTES }],
    ['a part of a buffer', { filename, content: Buffer.from('xhähx').subarray(1, 5) }],
    ['an ArrayBuffer', { filename, content: BYTES.slice().buffer }],
    ['a web stream', { filename, content: new Response(BYTES).body ?? new ReadableStream() }],
    ["Node's stream", { filename, content: createReadStream(path) }],
    ['an iterable that uses its buffer again', { filename, content: parts() }],
    ['a path', { path }],
  ])('comes from %s', async (_, input) => {
    expect(await toWireAttachment(input)).toEqual({ filename, content: ENCODED });
  });

  test('a File brings its name and type, a Blob its type', async () => {
    const expected = { filename, content: ENCODED, contentType: 'text/x-note' };
    const type = 'text/x-note';
    expect(await toWireAttachment(new File([BYTES], filename, { type }))).toEqual(expected);
    expect(await toWireAttachment({ filename, content: new Blob([BYTES], { type }) })).toEqual(expected);
  });

  test('what is said of it comes before what it says itself', async () => {
    const file = new File([BYTES], 'other.txt', { type: 'text/other' });
    const said = { filename, contentType: 'text/x', contentId: 'logo' };
    expect(await toWireAttachment({ ...said, content: file })).toEqual({ ...said, content: ENCODED });
  });

  test('is the same without Buffer, however large', async () => {
    const bytes = crypto.getRandomValues(new Uint8Array(50_001));
    const { Buffer: own } = globalThis;
    const expected = own.from(bytes).toString('base64');
    try {
      Reflect.deleteProperty(globalThis, 'Buffer');
      expect((await toWireAttachment({ filename, content: bytes })).content).toBe(expected);
    } finally {
      globalThis.Buffer = own;
    }
  });

  test('without a name, or with nothing to read, is refused', async () => {
    await expect(toWireAttachment({ content: BYTES })).rejects.toMatchObject({ code: 'invalid_argument' });
    const missing = toWireAttachment({ path: join(folder, 'missing') });
    await expect(missing).rejects.toMatchObject({ code: 'invalid_argument' });
  });
});
