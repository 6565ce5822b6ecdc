import { expect, test } from 'bun:test';
import { createInboxProvider, type InboxEntry } from './inbox.ts';
import type { OutboundMail } from './provider.ts';

const MAIL: OutboundMail = {
  messageId: '01890a5d-ac96-774b-bcce-b302099a8057',
  envelope: { from: 'a@b.example', to: ['c@d.example'] },
  mime: new TextEncoder().encode('Subject: x\r\n\r\nhello\r\n'),
};

function createRecorder() {
  const steps: string[] = [];
  const entries: InboxEntry[] = [];
  const store = {
    async save(entry: InboxEntry) {
      steps.push('saved');
      entries.push(entry);
    },
  };
  const onHandOver = async () => {
    steps.push('hand-over');
  };
  return { steps, entries, store, onHandOver, signal: new AbortController().signal };
}

test('the exact bytes are kept before the hand-over is recorded, and that is delivery', async () => {
  const { steps, entries, store, onHandOver, signal } = createRecorder();
  const receivedAt = new Date('2026-07-21T10:00:00Z');
  const result = await createInboxProvider({ store, now: () => receivedAt }).send(MAIL, {
    onHandOver,
    signal,
  });
  expect(result).toMatchObject({
    kind: 'sent',
    isDelivered: true,
    refused: [],
    providerMessageId: MAIL.messageId,
  });
  expect(steps).toEqual(['saved', 'hand-over']);
  expect(entries).toEqual([{ ...MAIL, text: null, receivedAt }]);
});

test('a hand-over that could not be recorded is heard of; the next attempt saves the same mail again', async () => {
  const { entries, store, signal } = createRecorder();
  const failure = new Error('lease lost');
  const sending = createInboxProvider({ store }).send(MAIL, {
    onHandOver: () => Promise.reject(failure),
    signal,
  });
  await expect(sending).rejects.toBe(failure);
  expect(entries).toHaveLength(1);
});

test('an aborted attempt keeps nothing', async () => {
  const { steps, store, onHandOver } = createRecorder();
  const result = await createInboxProvider({ store }).send(MAIL, { onHandOver, signal: AbortSignal.abort() });
  expect(result.kind).toBe('provider_down');
  expect(steps).toEqual([]);
});

test('a store that fails is heard of before anything counts as handed over', async () => {
  const { steps, onHandOver, signal } = createRecorder();
  const failure = new Error('disk full');
  const store = { save: () => Promise.reject(failure) };
  await expect(createInboxProvider({ store }).send(MAIL, { onHandOver, signal })).rejects.toBe(failure);
  expect(steps).toEqual([]);
});
