import { describe, expect, test } from 'bun:test';
import { createReplyReader } from './smtp-reply.ts';

/** Reads the pieces and tells of each reply, and of what was none. */
function read(...pieces: (string | Buffer)[]): { replies: string[]; malformed: string[] } {
  const replies: string[] = [];
  const malformed: string[] = [];
  const reader = createReplyReader({
    onReply: (reply) => replies.push(reply),
    onMalformed: (text) => malformed.push(text),
  });
  for (const piece of pieces) reader.push(Buffer.from(piece));
  return { replies, malformed };
}

describe('replies', () => {
  const WHOLE = '250-first\r\n250 2.0.0 second\r\n354 go on\r\n';

  test('come one by one, the lines of each joined', () => {
    expect(read(WHOLE)).toEqual({ replies: ['250-first\n250 2.0.0 second', '354 go on'], malformed: [] });
  });

  test('are the same in whatever pieces they come', () => {
    for (let cut = 0; cut <= WHOLE.length; cut += 1)
      expect(read(WHOLE.slice(0, cut), WHOLE.slice(cut))).toEqual(read(WHOLE));
    expect(read(...WHOLE)).toEqual(read(WHOLE));
  });

  test('may end their lines with LF, have no text and blank lines between them', () => {
    expect(read('250 a\n\r\n250\r\n').replies).toEqual(['250 a', '250']);
  });

  test('are not there before their last line has ended', () => {
    expect(read('250-first\r\n250 second').replies).toEqual([]);
  });

  test('keep a character that came in two pieces', () => {
    const bytes = Buffer.from('550 größer\r\n');
    const cut = bytes.indexOf('ö') + 1;
    expect(read(bytes.subarray(0, cut), bytes.subarray(cut)).replies).toEqual(['550 größer']);
  });

  test('in another character set lose no byte', () => {
    expect(read(Buffer.from('550 gr\xf6\xdfer\r\n', 'latin1')).replies).toEqual(['550 größer']);
  });
});

describe('what is no reply', () => {
  test.each(['banana', '25 ok', '2500 ok', '999 what', ' 250 ok', '250_ok'])(
    '%j ends the reading',
    (line) => {
      expect(read(`250 ok\r\n${line}\r\n250 later\r\n`)).toEqual({ replies: ['250 ok'], malformed: [line] });
      expect(read('250 ok\r\n', `${line}\r\n`, '250 later\r\n').replies).toEqual(['250 ok']);
    },
  );

  test('is also a line or a reply without end', () => {
    expect(read('250 ', 'x'.repeat(70_000)).malformed).toHaveLength(1);
    expect(read(...Array.from({ length: 20_000 }, () => '250-more\r\n')).malformed).toHaveLength(1);
  });
});
