const CRLF_DOT_CRLF = Buffer.from('\r\n.\r\n');
const DOT_CRLF = CRLF_DOT_CRLF.subarray(2);
const LF = 0x0a;
const CR = 0x0d;
const DOT = 0x2e;

/**
 * A message as it goes over the wire after DATA, up to the line with a single dot that ends it (RFC 5321 section
 * 4.5.2). No dot of the message stands at the start of a line unless it was doubled, whatever a receiver takes for a line end:
 * with a lone CR or LF before it, a dot could end the mail early and make commands of what follows.
 */
export function toSmtpBody(mime: Uint8Array): Buffer {
  const message = Buffer.from(mime.buffer, mime.byteOffset, mime.byteLength);
  // What our composer makes has a dot there only where a caller wrote one.
  const isPlain = message[0] !== DOT && !message.includes('\n.') && !message.includes('\r.');
  const lines = isPlain ? message : stuff(message);
  const end = lines.length === 0 || lines[lines.length - 1] === LF ? DOT_CRLF : CRLF_DOT_CRLF;
  return Buffer.concat([lines, end]);
}

/** Makes every line end CRLF and doubles a dot after it. */
function stuff(message: Buffer): Buffer {
  const out = Buffer.allocUnsafe(message.length * 3);
  let length = 0;
  let isLineStart = true;
  for (let index = 0; index < message.length; index += 1) {
    const byte = message[index] ?? 0;
    if (byte === CR || byte === LF) {
      if (byte === CR && message[index + 1] === LF) index += 1;
      length = out.writeUInt16BE((CR << 8) | LF, length);
    } else {
      if (isLineStart && byte === DOT) length = out.writeUInt8(DOT, length);
      length = out.writeUInt8(byte, length);
    }
    isLineStart = byte === CR || byte === LF;
  }
  return out.subarray(0, length);
}
