import { afterAll, beforeAll, expect, test } from 'bun:test';
import { listInbox } from '../src/lib/db/inbox.ts';
import { describeOnBothProfiles, startSystem, type TestSystem } from './support/system.ts';

const HOSTILE_TYPE = 'text/html';
const PAGE = '<script>document.title = "ran"</script>';

describeOnBothProfiles('the inbox', (profile) => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await startSystem(profile);
  }, 60_000);

  afterAll(() => system.stop());

  const keep = async (body: Record<string, unknown>) => {
    const id = await system.send(body, system.keys.test);
    await system.waitUntilEnded(id, system.keys.test);
    return id;
  };
  const call = (method: string, path: string, body?: unknown) =>
    system.call(method, path, { key: system.keys.test, ...(body === undefined ? {} : { body }) });
  const find = async (search: string) => {
    const { body } = await call('GET', `/v1/inbox?search=${encodeURIComponent(search)}`);
    return Array.isArray(body.data) ? body.data.map(({ id }) => String(id)) : [];
  };

  test('a mail is listed with what a person wants to see of it', async () => {
    const id = await keep({
      to: 'list@example.net',
      subject: 'Listed',
      html: '<p>Dear &amp; <b>near</b></p>',
    });
    const { body } = await call('GET', '/v1/inbox?limit=1');
    expect(body.data).toMatchObject([
      {
        id,
        subject: 'Listed',
        from: 'Shop <shop@example.com>',
        status: 'delivered',
        isRead: false,
        template: null,
        preview: 'Dear & near',
      },
    ]);
  });

  test('search looks where it is told to, and everywhere without', async () => {
    const ada = await keep({
      to: 'Ada <ada@search.example>',
      cc: 'second@search.example',
      subject: 'Invoice 42',
      text: 'Thank you, 100%_sure',
    });
    const bob = await keep({
      to: 'bob@search.example',
      subject: 'Welcome Bob',
      text: 'See the invoice of Ada',
    });
    expect(await find('to:ADA@search')).toEqual([ada]);
    expect(await find('to:second@')).toEqual([ada]);
    expect(await find('subject:invoice')).toEqual([ada]);
    expect(await find('subject:"welcome bob"')).toEqual([bob]);
    expect(await find('invoice')).toEqual([bob, ada]);
    expect(await find('invoice to:bob')).toEqual([bob]);
    expect(await find('thank sure')).toEqual([ada]);
    // Not wildcards but characters.
    expect(await find('100%_sure')).toEqual([ada]);
    expect(await find('10_%sure')).toEqual([]);
    expect(await find('template:none to:search.example')).toEqual([]);
    expect(await find(`${"'".repeat(3)} or 1=1 --`)).toEqual([]);
  });

  test('mail of a template is found by its name', async () => {
    await system.pushTemplate(
      'goodbye',
      "export const subject = 'Farewell';\nexport default () => <p>So long</p>;",
    );
    const id = await keep({ to: 'gone@template.example', template: 'goodbye' });
    expect(await find('template:goodb')).toEqual([id]);
    expect(await find('template:goodb long')).toEqual([id]);
  });

  test('a search that looks through a bounded number of mails says where to go on', async () => {
    const owner = { clientId: system.clientId, mode: 'test' as const };
    const needle = await keep({ to: 'needle@walk.example', subject: 'Needle', text: 'x' });
    for (let count = 0; count < 3; count += 1)
      await keep({ to: 'hay@walk.example', subject: 'Hay', text: 'x' });
    const search = { owner, filter: { words: ['needle'] }, limit: 5, maxWalked: 2 };
    const first = await listInbox(system.database.db, { ...search, before: null });
    expect(first.entries).toEqual([]);
    const second = await listInbox(system.database.db, { ...search, before: first.next });
    expect(second.entries.map(({ id }) => id)).toEqual([needle]);
  });

  test('read and unread are remembered, and looking alone changes nothing', async () => {
    const id = await keep({ to: 'read@state.example', subject: 'Read me', text: 'x' });
    expect((await call('GET', `/v1/inbox/${id}`)).body.isRead).toBe(false);
    expect(await find('is:unread to:state.example')).toEqual([id]);
    expect((await call('PATCH', `/v1/inbox/${id}`, { isRead: true })).body).toEqual({ id, isRead: true });
    expect(await find('is:unread to:state.example')).toEqual([]);
    expect(await find('is:read to:state.example')).toEqual([id]);
    await call('PATCH', `/v1/inbox/${id}`, { isRead: false });
    expect(await find('is:unread to:state.example')).toEqual([id]);
  });

  test('a mail is taken apart', async () => {
    const id = await keep({
      to: 'parts@example.net',
      subject: 'Größe',
      html: '<p>Hi <img src="cid:logo"></p>',
      text: 'Hi',
      headers: { 'X-Order': '42' },
      attachments: [
        { filename: 'page.html', content: btoa(PAGE), contentType: HOSTILE_TYPE },
        { filename: 'logo.png', content: btoa('png'), contentType: 'image/png', contentId: 'logo' },
      ],
    });
    const { body } = await call('GET', `/v1/inbox/${id}`);
    expect(body).toMatchObject({
      id,
      subject: 'Größe',
      text: expect.stringContaining('Hi'),
      html: expect.stringContaining('cid:logo'),
    });
    expect(body.headers).toContainEqual({ name: 'X-Order', value: '42' });
    expect(body.headers).toContainEqual({ name: 'Subject', value: 'Größe' });
    expect(body.attachments).toMatchObject([
      { filename: 'logo.png', contentType: 'image/png', contentId: 'logo', isInline: true, sizeBytes: 3 },
      {
        filename: 'page.html',
        contentType: HOSTILE_TYPE,
        contentId: null,
        isInline: false,
        sizeBytes: PAGE.length,
      },
    ]);
    expect(String(body.mime)).toContain('X-Order: 42\r\n');
  });

  test('what can be downloaded is never shown by a browser, whatever its type', async () => {
    const id = await keep({
      to: 'files@example.net',
      subject: 'A/B "c" é',
      text: 'x',
      attachments: [{ filename: 'évil".html', content: btoa(PAGE), contentType: HOSTILE_TYPE }],
    });
    for (const [path, type, name] of [
      [`/v1/inbox/${id}/attachments/0`, 'application/octet-stream', "filename*=UTF-8''%C3%A9vil%22.html"],
      [`/v1/inbox/${id}/raw`, 'message/rfc822', "filename*=UTF-8''A_B%20%22c%22%20%C3%A9.eml"],
    ]) {
      const response = await fetch(`${system.url}${path}`, { headers: { 'x-api-key': system.keys.test } });
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe(type ?? '');
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      expect(response.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
      const disposition = response.headers.get('content-disposition') ?? '';
      expect(disposition).toStartWith('attachment; filename="');
      expect(disposition).toContain(name ?? '');
    }
    const file = await fetch(`${system.url}/v1/inbox/${id}/attachments/0`, {
      headers: { 'x-api-key': system.keys.test },
    });
    expect(await file.text()).toBe(PAGE);
    for (const index of ['1', '-1', 'x', '0x0'])
      expect((await call('GET', `/v1/inbox/${id}/attachments/${index}`)).status).toBe(404);
  });

  test('one mail or all of them can be thrown away; their messages stay', async () => {
    const one = await keep({ to: 'one@gone.example', subject: 'One', text: 'x' });
    const other = await keep({ to: 'other@gone.example', subject: 'Other', text: 'x' });
    expect((await call('DELETE', `/v1/inbox/${one}`)).status).toBe(204);
    expect((await call('DELETE', `/v1/inbox/${one}`)).status).toBe(404);
    expect(await find('to:gone.example')).toEqual([other]);
    const { body } = await call('DELETE', '/v1/inbox');
    expect(body).toEqual({ removed: expect.any(Number), hasMore: false });
    expect((await call('GET', '/v1/inbox')).body.data).toEqual([]);
    expect((await call('GET', `/v1/messages/${one}`)).body).toMatchObject({ id: one, status: 'delivered' });
  });

  test('a message tells what its template was given, but no secrets', async () => {
    await system.pushTemplate(
      'reset',
      "export const subject = 'Reset';\nexport default ({ name }) => <p>{name}</p>;",
    );
    const props = {
      name: 'Ada',
      resetToken: 'abc',
      account: { password: 'x', cards: [{ cvc: '123', brand: 'v' }] },
      tokenExpiresAt: 'soon',
    };
    const id = await keep({ to: 'a@props.example', template: 'reset', props });
    expect((await call('GET', `/v1/messages/${id}`)).body.props).toEqual({
      name: 'Ada',
      resetToken: '[redacted]',
      account: { password: '[redacted]', cards: [{ cvc: '[redacted]', brand: 'v' }] },
      tokenExpiresAt: 'soon',
    });
  });
});
