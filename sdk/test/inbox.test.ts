import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { startSystem, type TestSystem } from '../../server/test/support/system.ts';
import { createMailer, type Mailer } from '../src/index.ts';
import { openInbox } from '../src/testing.ts';

/** More than one page of the list holds. */
const MANY = 110;

describe('an inbox that is waited at', () => {
  let system: TestSystem;
  let mailer: Mailer;
  beforeAll(async () => {
    system = await startSystem('embedded');
    mailer = createMailer(access());
  }, 60_000);
  afterAll(() => system.stop(), 60_000);

  const access = () => ({ baseUrl: system.url, apiKey: system.keys.test });
  const send = async (subject: string) =>
    (await mailer.send({ to: 'ada@example.com', subject, text: 'x' })).messageId;
  const flood = async () => {
    const one = { to: 'all@example.com', subject: 'Flood', text: 'x' };
    const { data } = await mailer.sendBatch(Array.from({ length: MANY }, () => one));
    for (const item of data)
      if ('messageId' in item) await mailer.messages.waitFor(item.messageId, 'delivered');
  };

  test('has a mail that more came after than a page holds', async () => {
    const inbox = await openInbox(access());
    const id = await send('Wanted');
    await mailer.messages.waitFor(id, 'delivered');
    await flood();
    expect(await inbox.waitFor({ subject: 'Wanted' })).toMatchObject({ id, to: ['ada@example.com'] });
  }, 60_000);

  test('leaves alone what came before, however much that is and though some of it is deleted', async () => {
    const old = await send('Of old');
    await mailer.messages.waitFor(old, 'delivered');
    await flood();
    const inbox = await openInbox(access());
    const { data } = await mailer.inbox.list({ limit: 100 });
    for (const { id } of data.slice(0, 20)) await mailer.inbox.delete(id);
    const fresh = await send('Of now');
    expect(await inbox.waitFor({ to: 'ada@example.com' })).toMatchObject({ id: fresh });
    const none = inbox.waitFor({ subject: 'Of old', timeoutMs: 0 });
    expect(await none.catch((error: unknown) => error)).toMatchObject({ code: 'wait_timeout' });
  }, 60_000);

  test('has a mail that comes while it is waited for, by its template, and each mail once', async () => {
    await mailer.templates.push('note', {
      entry: 'index.tsx',
      files: { 'index.tsx': 'export const subject = "Note"; export default () => <p>Note</p>;' },
    });
    const asked: string[] = [];
    const inbox = await openInbox({ ...access(), onRequest: ({ url }) => void asked.push(url) });
    const waiting = inbox.waitFor({ template: 'note' });
    await send('Another');
    const first = await mailer.send({ to: 'ada@example.com', template: 'note', props: {} });
    expect((await waiting).id).toBe(first.messageId);
    expect(asked).toContain(`${system.url}/v1/messages/stream`);
    const second = await mailer.send({ to: 'ada@example.com', template: 'note', props: {} });
    expect((await inbox.waitFor({ template: 'note' })).id).toBe(second.messageId);
  }, 60_000);

  test('gives each of two who wait a mail of their own', async () => {
    const inbox = await openInbox(access());
    const both = Promise.all([inbox.waitFor({ subject: 'Twice' }), inbox.waitFor({ subject: 'Twice' })]);
    const sent = [await send('Twice'), await send('Twice')];
    const ids = (await both).map(({ id }) => id);
    expect(ids.toSorted()).toEqual(sent.toSorted());
  }, 60_000);

  test('has a mail again whose content could not be had', async () => {
    let failures = 1;
    const inbox = await openInbox({
      ...access(),
      retry: false,
      fetch: async (url, init) => {
        if (url.endsWith('/content') && failures-- > 0) throw new TypeError('on purpose');
        return fetch(url, init);
      },
    });
    const id = await send('Again');
    const lost = await inbox.waitFor({ subject: 'Again' }).catch((error: unknown) => error);
    expect(lost).toMatchObject({ code: 'network_error' });
    expect(await inbox.waitFor({ subject: 'Again' })).toMatchObject({ id, text: 'x' });
  }, 60_000);
});
