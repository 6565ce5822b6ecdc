import { expect, test } from 'bun:test';
import { join, relative } from 'node:path';

const SOURCES = join(import.meta.dir, '..', '..');

/** True for a source that changes the state of messages: by hand-written SQL, or through drizzle. */
function changesStatus(source: string): boolean {
  const byHand = /\bupdate\s+messages\b[^`;]*?\bset\b[^`;]*?\bstatus\s*=\s*(?!any\b)/is.exec(source);
  // A condition on the state comes after `where` or `from`.
  const isSet = byHand !== null && !/\b(where|from)\b/is.test(byHand[0]);
  return isSet || /\.update\(messages\)\s*\.set\(\{[^}]*\bstatus\b/s.test(source);
}

function writesEvents(source: string): boolean {
  return /\binsert\s+into\s+message_events\b/i.test(source) || /\.insert\(messageEvents\)/.test(source);
}

test('whatever changes the state of a message is a file of lib/db that writes events too', async () => {
  const writers: string[] = [];
  for await (const path of new Bun.Glob('**/*.ts').scan(SOURCES)) {
    if (path.endsWith('.test.ts')) continue;
    const source = await Bun.file(join(SOURCES, path)).text();
    if (changesStatus(source)) writers.push(path);
  }
  expect(writers).toContain(relative(SOURCES, join(import.meta.dir, 'deliveries-record.ts')));
  for (const path of writers) {
    expect(path).toStartWith('lib/db/');
    expect(writesEvents(await Bun.file(join(SOURCES, path)).text()), `${path} writes events`).toBe(true);
  }
});

test('the walk would see one that does not', () => {
  const planted = [
    "tx.update(messages).set({ updatedAt: now, status: 'sent' }).where(x)",
    "await query(`update messages m set updated_at = now(), status = 'sent' where m.id = $1`)",
    'UPDATE messages\nSET status = $2\nWHERE id = $1',
  ];
  for (const source of planted) expect(changesStatus(source), source).toBe(true);
  const innocent = [
    "update messages set lease_until = now() where status = 'sending'",
    'tx.update(messages).set({ leaseUntil: x }).where(eq(messages.status, y))',
    "update message_recipients r set status = 'sent'",
    "select status from messages where status = 'sent'",
  ];
  for (const source of innocent) expect(changesStatus(source), source).toBe(false);
});
