export type ReplyReader = { push(chunk: Buffer): void };

export type ReplyReaderOptions = {
  /** Told of each reply in full: its lines joined by a line feed. */
  onReply: (reply: string) => void;
  /** Told, once, of what cannot be a reply; nothing is read after it. */
  onMalformed: (text: string) => void;
};

/** A reply that has not ended by then never will. RFC 5321 section 4.5.3.1.5 wants 512 bytes a line. */
const MAX_REPLY_LENGTH = 64 * 1024;
const MAX_SHOWN = 100;

/** Reads replies (RFC 5321 section 4.2), in whatever pieces they come. */
export function createReplyReader({ onReply, onMalformed }: ReplyReaderOptions): ReplyReader {
  let rest = '';
  let begun = '';
  let isMalformed = false;

  const refuse = (text: string) => {
    isMalformed = true;
    rest = '';
    onMalformed(text.slice(0, MAX_SHOWN));
  };
  const readLine = (line: string) => {
    if (line === '') return; // Some servers send one too many.
    if (!/^[2-5]\d\d(?:[ -]|$)/.test(line)) return refuse(line);
    const reply = begun === '' ? line : `${begun}\n${line}`;
    if (reply.length > MAX_REPLY_LENGTH) return refuse(reply);
    begun = line[3] === '-' ? reply : '';
    if (begun === '') onReply(toText(reply));
  };

  return {
    push(chunk) {
      if (isMalformed) return;
      // A byte a character until the reply is whole: a character may come in two pieces.
      rest += chunk.toString('latin1');
      let start = 0;
      for (let end = rest.indexOf('\n'); end !== -1 && !isMalformed; end = rest.indexOf('\n', start)) {
        readLine(rest.slice(start, rest[end - 1] === '\r' ? end - 1 : end));
        start = end + 1;
      }
      if (isMalformed) return;
      rest = rest.slice(start);
      if (rest.length > MAX_REPLY_LENGTH) refuse(rest);
    },
  };
}

/** UTF-8 where it is, as most servers send; what is not keeps a character a byte. */
function toText(reply: string): string {
  if (!/[\u0080-\u00FF]/.test(reply)) return reply;
  const text = Buffer.from(reply, 'latin1').toString('utf8');
  return text.includes('\uFFFD') ? reply : text;
}
