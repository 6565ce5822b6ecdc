/**
 * The pipe between a worker and its sandbox process carries frames: four bytes of length (little endian, counting
 * what follows), one byte of kind, and UTF-8 text. No object ever travels, so neither side can be handed one.
 */
export type Frame = { kind: number; text: string };

/** Frame kinds sent to a sandbox. */
export const REQUEST = { init: 1, code: 2, render: 3 } as const;

/** Frame kinds that a sandbox answers with. */
export const REPLY = { ready: 11, started: 12, answer: 13, unknownCode: 14 } as const;

const HEADER_BYTES = 5;

/** Encodes one frame. */
export function encodeFrame(kind: number, text: string): Buffer {
  const length = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(HEADER_BYTES + length);
  frame.writeUInt32LE(length + 1, 0);
  frame.writeUInt8(kind, 4);
  frame.write(text, HEADER_BYTES, 'utf8');
  return frame;
}

export type FrameDecoder = {
  /** Adds bytes and returns the frames that they complete; `too_large` as soon as a header announces too much. */
  push(chunk: Uint8Array): Frame[] | 'too_large';
};

/** Creates a decoder that refuses frames over `maxBytes` before it has buffered them. */
export function createFrameDecoder({ maxBytes }: { maxBytes: number }): FrameDecoder {
  let chunks: Buffer[] = [];
  let buffered = 0;
  let needed = HEADER_BYTES;
  return {
    push(chunk) {
      // copied, because a reader may fill the same memory again
      chunks.push(Buffer.from(chunk));
      buffered += chunk.byteLength;
      if (buffered < needed) return [];
      let bytes = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
      const frames: Frame[] = [];
      needed = HEADER_BYTES;
      while (bytes.length >= HEADER_BYTES) {
        const length = bytes.readUInt32LE(0);
        if (length < 1 || length > maxBytes) return 'too_large';
        needed = length + 4;
        if (bytes.length < needed) break;
        frames.push({ kind: bytes.readUInt8(4), text: bytes.toString('utf8', HEADER_BYTES, needed) });
        bytes = bytes.subarray(needed);
        needed = HEADER_BYTES;
      }
      chunks = bytes.length === 0 ? [] : [bytes];
      buffered = bytes.length;
      return frames;
    },
  };
}
