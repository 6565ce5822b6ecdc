import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import PostalMime from 'postal-mime';
import { describeOnBothProfiles, startSystem, type TestSystem } from './support/system.ts';

const GREETING = `
import { Body, Head, Html, Tailwind, Text } from 'react-email';
export const subject = ({ name }) => 'Hello ' + name;
export const PreviewProps = { name: 'Preview' };
export default function Greeting({ name }) {
  return (
    <Html lang="en">
      <Tailwind>
        <Head />
        <Body><Text className="text-red-500">Dear {name}, 2 &lt; 3</Text></Body>
      </Tailwind>
    </Html>
  );
}`;

const TYPED = `
import { Type } from '@sinclair/typebox';
export const schema = Type.Object({ amount: Type.Number({ minimum: 1 }) });
export const PreviewProps = { amount: 1 };
export const subject = 'Receipt';
export default ({ amount }) => <p>{amount}</p>;`;

describeOnBothProfiles('from the API to the mailbox', (profile) => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await startSystem(profile);
    expect((await system.pushTemplate('greeting', GREETING)).status).toBe(201);
    expect((await system.pushTemplate('typed', TYPED)).status).toBe(201);
  }, 60_000);

  afterAll(() => system.stop());

  const countRows = async () => {
    const { body } = await system.call('GET', '/v1/messages?limit=100', { key: system.keys.live });
    return Array.isArray(body.data) ? body.data.length : -1;
  };

  test('a template ends as a real mail at the SMTP server', async () => {
    const id = await system.send({
      to: 'Grace Hopper <grace@example.net>',
      cc: ['cc@example.net'],
      bcc: 'bcc@example.net',
      replyTo: 'Reply <reply@example.com>',
      template: 'greeting',
      props: { name: 'Grace 😀' },
      headers: { 'X-Order': '42' },
    });
    const message = await system.waitUntilEnded(id);
    expect(message).toMatchObject({
      status: 'sent',
      subject: 'Hello Grace 😀',
      provider: 'smtp',
      attempts: 1,
      template: 'greeting',
    });

    const mail = await system.sink.waitForMail(({ to }) => to.includes('grace@example.net'));
    expect(mail.from).toBe('shop@example.com');
    expect([...mail.to].sort()).toEqual(['bcc@example.net', 'cc@example.net', 'grace@example.net']);
    const parsed = await PostalMime.parse(mail.raw);
    expect(parsed.subject).toBe('Hello Grace 😀');
    expect(parsed.from).toMatchObject({ address: 'shop@example.com', name: 'Shop' });
    expect(parsed.to).toMatchObject([{ address: 'grace@example.net', name: 'Grace Hopper' }]);
    expect(parsed.cc).toMatchObject([{ address: 'cc@example.net' }]);
    expect(parsed.bcc).toBeUndefined();
    expect(parsed.replyTo).toMatchObject([{ address: 'reply@example.com' }]);
    expect(parsed.html).toContain('Dear');
    expect(parsed.html).toMatch(/style="[^"]*color/);
    expect(parsed.text?.trim()).toBe('Dear Grace 😀, 2 < 3');
    expect(parsed.messageId).toContain(id);
    expect(parsed.headers.find(({ key }) => key === 'x-order')?.value).toBe('42');
    expect(await system.timelineOf(id)).toEqual(['accepted', 'attempted', 'rendered', 'handed_over', 'sent']);

    const { body: content } = await system.call('GET', `/v1/messages/${id}/content`, {
      key: system.keys.live,
    });
    expect(content).toMatchObject({ subject: 'Hello Grace 😀', exact: true });
    expect(parsed.html?.trim()).toBe(String(content.html).trim());
  });

  test('what happens is counted in the one registry', async () => {
    const before = await system.countOf('mail.accepted', { mode: 'live' });
    const rendersBefore = await system.countOf('mail.render.duration');
    const sentBefore = await system.countOf('mail.attempts', { status: 'sent' });
    await system.waitUntilEnded(
      await system.send({ to: 'count@example.net', template: 'greeting', props: { name: 'C' } }),
    );
    expect(await system.countOf('mail.accepted', { mode: 'live' })).toBe(before + 1);
    expect(await system.countOf('mail.render.duration')).toBe(rendersBefore + 1);
    expect(await system.countOf('mail.attempts', { status: 'sent' })).toBe(sentBefore + 1);
    expect(await system.countOf('mail.provider.results', { provider: 'smtp', kind: 'sent' })).toBeGreaterThan(
      0,
    );
    expect(await system.countOf('mail.template.lookups')).toBeGreaterThan(0);
  });

  test('html and text go through as they were given', async () => {
    const id = await system.send({ to: 'raw@example.net', subject: 'Raw', html: '<p>Hi</p>', text: 'Hi' });
    expect(await system.waitUntilEnded(id)).toMatchObject({ status: 'sent', template: null });
    const parsed = await PostalMime.parse(
      (await system.sink.waitForMail(({ to }) => to.includes('raw@example.net'))).raw,
    );
    expect(parsed).toMatchObject({ subject: 'Raw' });
    expect(parsed.html?.trim()).toBe('<p>Hi</p>');
    expect(parsed.text?.trim()).toBe('Hi');
  });

  test('mail of a test key ends in the inbox, delivered, and never at the SMTP server', async () => {
    const { test: key } = system.keys;
    const id = await system.send(
      { to: 'nobody@example.net', template: 'greeting', props: { name: 'Test' } },
      key,
    );
    expect(await system.waitUntilEnded(id, key)).toMatchObject({
      status: 'delivered',
      mode: 'test',
      provider: 'inbox',
    });
    expect(await system.timelineOf(id, key)).toEqual([
      'accepted',
      'attempted',
      'rendered',
      'handed_over',
      'delivered',
    ]);

    const list = await system.call('GET', '/v1/inbox', { key });
    expect(list.body.data).toMatchObject([
      { id, subject: 'Hello Test', envelope: { to: ['nobody@example.net'] } },
    ]);
    const raw = await fetch(`${system.url}/v1/inbox/${id}/raw`, { headers: { 'x-api-key': key } });
    expect(raw.headers.get('content-type')).toBe('message/rfc822');
    expect(await PostalMime.parse(await raw.arrayBuffer())).toMatchObject({ subject: 'Hello Test' });
    expect((await system.call('GET', `/v1/inbox/${id}`, { key: system.keys.live })).status).toBe(404);
    expect(system.sink.mails.some(({ to }) => to.includes('nobody@example.net'))).toBe(false);
  });

  test("one recipient's rejection is not hidden by another's success", async () => {
    system.sink.setPlan({
      recipient: (address) => (address === 'gone@example.net' ? { code: 550, text: 'no such user' } : null),
    });
    const id = await system.send({ to: ['here@example.net', 'gone@example.net'], subject: 'Two', text: 'x' });
    const message = await system.waitUntilEnded(id);
    system.sink.setPlan({});
    expect(message.status).toBe('failed');
    expect(message.recipients).toMatchObject([
      { email: 'here@example.net', status: 'sent' },
      { email: 'gone@example.net', status: 'failed', response: expect.stringContaining('no such user') },
    ]);
    expect(await system.timelineOf(id)).toEqual([
      'accepted',
      'attempted',
      'rendered',
      'handed_over',
      'sent',
      'refused',
      'failed',
    ]);
  });

  test('a provider that defers is tried again, and only for whom it deferred', async () => {
    let refusals = 0;
    system.sink.setPlan({
      recipient: (address) =>
        address === 'later@example.net' && refusals++ === 0 ? { code: 451, text: 'try later' } : null,
    });
    const id = await system.send({
      to: ['now@example.net', 'later@example.net'],
      subject: 'Twice',
      text: 'x',
    });
    expect(await system.waitUntilEnded(id)).toMatchObject({ status: 'sent', attempts: 2 });
    system.sink.setPlan({});
    const mails = system.sink.mails.filter(({ to }) =>
      to.some((address) => ['now@example.net', 'later@example.net'].includes(address)),
    );
    expect(mails.map(({ to }) => to)).toEqual([['now@example.net'], ['later@example.net']]);
  });

  test('a lost answer is unknown, and the mail is not sent again', async () => {
    system.sink.setPlan({ message: () => 'drop' });
    const id = await system.send({ to: 'lost@example.net', subject: 'Lost', text: 'x' });
    expect(await system.waitUntilEnded(id)).toMatchObject({ status: 'unknown', attempts: 1 });
    system.sink.setPlan({});
    expect(system.sink.mails.filter(({ to }) => to.includes('lost@example.net'))).toHaveLength(1);
  });

  test('one trace leads from the caller through the job to the worker, and into the log', async () => {
    const traceId = 'c0ffee'.padEnd(32, '1');
    const answer = await system.call('POST', '/v1/messages', {
      key: system.keys.live,
      body: { to: 'trace@example.net', subject: 'Trace', text: 'x' },
      headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01`, 'x-request-id': 'my-own-id' },
    });
    expect(answer.headers.get('x-request-id')).toBe('my-own-id');
    expect(answer.headers.get('traceparent')).toContain(traceId);
    expect(await system.waitUntilEnded(String(answer.body.messageId))).toMatchObject({ traceId });
    const ended = system.logLines
      .map((line) => JSON.parse(line))
      .find(({ message_id, msg }) => message_id === answer.body.messageId && msg === 'attempt ended');
    expect(ended).toMatchObject({ trace_id: traceId, status: 'sent' });
  });

  test('lists page through everything once, and filter', async () => {
    const ids = new Set<string>();
    for (let i = 0; i < 5; i++)
      ids.add(await system.send({ to: 'list@example.net', subject: `List ${i}`, text: 'x' }));
    const seen: string[] = [];
    let cursor: unknown = '';
    do {
      const query = `recipient=list@example.net&limit=2${cursor ? `&cursor=${cursor}` : ''}`;
      const { body } = await system.call('GET', `/v1/messages?${query}`, { key: system.keys.live });
      if (Array.isArray(body.data)) seen.push(...body.data.map(({ id }) => String(id)));
      cursor = body.nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual([...ids].reverse());
    const { body } = await system.call('GET', '/v1/messages?template=typed', { key: system.keys.live });
    expect(body).toEqual({ data: [], nextCursor: null });
  });

  test('pushing the same template twice is a no-op, and a message keeps the version it was accepted with', async () => {
    expect((await system.pushTemplate('pinned', GREETING)).body).toMatchObject({ version: 1 });
    expect(await system.pushTemplate('pinned', GREETING)).toMatchObject({
      status: 200,
      body: { version: 1 },
    });
    expect(await system.pushTemplate('pinned', GREETING.replace('Dear', 'Hi'))).toMatchObject({
      status: 201,
      body: { version: 2 },
    });
    const id = await system.send({ to: 'pin@example.net', template: 'pinned@1', props: { name: 'P' } });
    expect(await system.waitUntilEnded(id)).toMatchObject({ status: 'sent', templateVersion: 1 });
    const { body } = await system.call('GET', `/v1/messages/${id}/content`, { key: system.keys.live });
    expect(body.text).toContain('Dear P');
  });

  test("a shared template reaches every client, and a client's own comes first", async () => {
    const push = (key: string, word: string) =>
      system.call('PUT', '/v1/templates/common', {
        key,
        body: {
          entry: 'index.tsx',
          files: { 'index.tsx': `export const subject = '${word}'; export default () => <p>${word}</p>;` },
        },
      });
    expect((await push(system.keys.admin, 'shared')).body).toMatchObject({ isShared: true });
    const before = await system.send({ to: 'a@example.net', template: 'common' });
    expect((await system.waitUntilEnded(before)).subject).toBe('shared');
    expect((await push(system.keys.live, 'own')).body).toMatchObject({ isShared: false, version: 1 });
    const after = await system.send({ to: 'a@example.net', template: 'common' });
    expect((await system.waitUntilEnded(after)).subject).toBe('own');
  });

  describe('bad input leaves nothing behind', () => {
    const good = { to: 'ada@example.net', subject: 'x', text: 'x' };
    const manyPlaces = Array.from({ length: 51 }, (_, i) => `a${i}@example.net`);

    test.each<[string, unknown, number, string]>([
      ['an unknown template', { to: 'a@b.example', template: 'nowhere' }, 404, 'template_not_found'],
      ['an unknown version', { to: 'a@b.example', template: 'greeting@99' }, 404, 'template_not_found'],
      [
        'props of the wrong type',
        { to: 'a@b.example', template: 'typed', props: { amount: 'ten' } },
        422,
        'invalid_props',
      ],
      ['props that are missing', { to: 'a@b.example', template: 'typed' }, 422, 'invalid_props'],
      [
        'props that are no object',
        { to: 'a@b.example', template: 'typed', props: 'x' },
        422,
        'invalid_request',
      ],
      ['an injection in to', { ...good, to: 'a@b\r\nRCPT TO:<evil@c>' }, 422, 'invalid_request'],
      ['a hidden second recipient', { ...good, to: 'a@b.example, evil@c.example' }, 422, 'invalid_request'],
      [
        'an injection in a name',
        { ...good, to: '"x\r\nBcc: evil@c.example" <a@b.example>' },
        422,
        'invalid_request',
      ],
      ['an injection in subject', { ...good, subject: 'x\r\nBcc: evil@c.example' }, 422, 'invalid_request'],
      ['an injection in from', { ...good, from: 'a@b.example\nBcc: evil@c.example' }, 422, 'invalid_request'],
      [
        'an injection in a header value',
        { ...good, headers: { 'X-A': 'x\r\nBcc: evil@c.example' } },
        422,
        'invalid_request',
      ],
      [
        'an injection in a header name',
        { ...good, headers: { 'X-A: y\r\nBcc': 'evil@c.example' } },
        422,
        'invalid_request',
      ],
      ['a header of the envelope', { ...good, headers: { Bcc: 'evil@c.example' } }, 422, 'invalid_request'],
      ['an unknown field', { ...good, subjct: 'x' }, 422, 'invalid_request'],
      ['no recipient', { ...good, to: [] }, 422, 'invalid_request'],
      ['too many recipients', { ...good, to: manyPlaces }, 422, 'invalid_request'],
      ['a repeated recipient', { ...good, cc: 'ADA@example.net' }, 422, 'invalid_request'],
      ['neither template nor body', { to: 'a@b.example', subject: 'x' }, 422, 'invalid_request'],
      ['template and body', { ...good, template: 'greeting' }, 422, 'invalid_request'],
      ['a NUL in the text', { ...good, text: 'a\0b' }, 422, 'invalid_request'],
      [
        'half a surrogate pair',
        String.raw`{"to":"a@b.example","subject":"x","text":"\ud800"}`,
        422,
        'invalid_request',
      ],
      ['a list instead of an object', [good], 422, 'invalid_request'],
      ['malformed JSON', '{"to":', 400, 'invalid_json'],
    ])('%s', async (_name, body, status, code) => {
      const rows = await countRows();
      const mails = system.sink.mails.length;
      const answer = await system.call('POST', '/v1/messages', { key: system.keys.live, body });
      expect(answer).toMatchObject({ status, body: { code, status } });
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      expect(answer.body.requestId).toBe(answer.headers.get('x-request-id'));
      expect(await countRows()).toBe(rows);
      expect(system.sink.mails).toHaveLength(mails);
    });

    test('an unknown field is named, and its value is not repeated', async () => {
      const answer = await system.call('POST', '/v1/messages', {
        key: system.keys.live,
        body: { ...good, subjct: 'hunter2' },
      });
      expect(answer.body.errors).toMatchObject([{ path: '/subjct' }]);
      expect(JSON.stringify(answer.body)).not.toContain('hunter2');
    });

    test('an unknown query parameter is refused', async () => {
      expect(await system.call('GET', '/v1/messages?statsu=failed', { key: system.keys.live })).toMatchObject(
        {
          status: 422,
          body: { code: 'invalid_request', errors: [{ path: '/statsu' }] },
        },
      );
    });

    test.each<[string, string, number, string, Record<string, unknown>]>([
      [
        'GET',
        '/v1/messages?since=2026-99-99T00:00:00Z',
        422,
        'invalid_request',
        { errors: [{ path: '/since' }] },
      ],
      [
        'GET',
        '/v1/messages?since=0000-01-01T00:00:00Z',
        422,
        'invalid_request',
        { errors: [{ path: '/since' }] },
      ],
      ['GET', '/v1/messages?recipient=%00', 422, 'invalid_request', { errors: [{ path: '/recipient' }] }],
      ['GET', '/v1/messages?template=%00', 422, 'invalid_request', { errors: [{ path: '/template' }] }],
      ['GET', '/v1/messages?limit=0', 422, 'invalid_request', { errors: [{ path: '/limit' }] }],
      ['GET', '/v1/messages?limit=101', 422, 'invalid_request', { errors: [{ path: '/limit' }] }],
      ['GET', '/v1/messages?cursor=x', 422, 'invalid_request', { errors: [{ path: '/cursor' }] }],
      ['GET', '/v1/messages?status=sennt', 422, 'invalid_request', { errors: [{ path: '/status' }] }],
      ['DELETE', '/v1/messages', 405, 'method_not_allowed', {}],
      ['OPTIONS', '/v1/templates/welcome', 405, 'method_not_allowed', {}],
      ['GET', '/v1/nowhere', 404, 'not_found', {}],
      ['GET', '/v1/messages/%2e%2e%2fclients', 404, 'not_found', {}],
      ['GET', '/v1/messages/%00', 404, 'not_found', {}],
      ['GET', '/v1/templates/a%00', 404, 'not_found', {}],
    ])('%s %s', async (method, path, status, code, more) => {
      const answer = await system.call(method, path, { key: system.keys.live });
      expect(answer).toMatchObject({ status, body: { code, ...more } });
      if (status === 405) expect(answer.headers.get('allow')).toBeString();
    });

    test('what a DELETE carries has no meaning, in whatever form it comes', async () => {
      const answer = await system.call('DELETE', '/v1/templates/nowhere', {
        key: system.keys.live,
        body: '{',
      });
      expect(answer).toMatchObject({ status: 404, body: { code: 'template_not_found' } });
    });

    test('a body over the limit, declared and chunked', async () => {
      const body = JSON.stringify({ ...good, text: 'x'.repeat(3 * 1024 * 1024) });
      const declared = await system.call('POST', '/v1/messages', { key: system.keys.live, body });
      expect(declared).toMatchObject({ status: 413, body: { code: 'body_too_large' } });
      const chunked = await fetch(`${system.url}/v1/messages`, {
        method: 'POST',
        headers: { 'x-api-key': system.keys.live, 'content-type': 'application/json' },
        body: new Response(body).body,
      });
      expect(chunked.status).toBe(413);
      expect(await chunked.json()).toMatchObject({ code: 'body_too_large' });
    });

    test('a body without a key is not read', async () => {
      const answer = await system.call('POST', '/v1/messages', { body: '{"to":' });
      expect(answer).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    });
  });

  describe('keys', () => {
    test('a missing, malformed, unknown and wrong key get the same answer', async () => {
      const { live } = system.keys;
      const wrong = `${live.slice(0, -1)}${live.endsWith('x') ? 'y' : 'x'}`;
      const unknown = live.replace(/_[a-z0-9]{8}_/, '_00000000_');
      const answers = await Promise.all(
        [undefined, 'nonsense', unknown, wrong].map((key) =>
          system.call('GET', '/v1/messages', key === undefined ? {} : { key }),
        ),
      );
      for (const { status, body } of answers) {
        expect({ status, ...body, requestId: '' }).toEqual({
          status: 401,
          ...answers[0]?.body,
          requestId: '',
        });
        expect(body.code).toBe('unauthenticated');
      }
    });

    test('a bearer token is as good', async () => {
      const answer = await system.call('GET', '/v1/messages', {
        headers: { authorization: `Bearer ${system.keys.live}` },
      });
      expect(answer.status).toBe(200);
    });

    test('a suspended client is refused, and its message is not there', async () => {
      const { createClient } = await import('./support/system.ts');
      const { setClientStatus } = await import('../src/lib/db/clients.ts');
      const client = await createClient(system.call, system.keys.admin);
      await setClientStatus(system.database.db, client.clientId, 'suspended');
      const body = { to: 'a@b.example', subject: 'x', text: 'x' };
      expect(await system.call('POST', '/v1/messages', { key: client.live, body })).toMatchObject({
        status: 403,
        body: { code: 'client_suspended' },
      });
      await setClientStatus(system.database.db, client.clientId, 'active');
      expect((await system.call('GET', '/v1/messages', { key: client.live })).body).toEqual({
        data: [],
        nextCursor: null,
      });
    });

    test('scopes and expiry hold', async () => {
      const createKey = async (extra: Record<string, unknown>) => {
        const { body } = await system.call('POST', `/v1/clients/${system.clientId}/keys`, {
          key: system.keys.admin,
          body: { name: 'k', ...extra },
        });
        return String(body.key);
      };
      const reader = await createKey({ scopes: ['read'] });
      expect((await system.call('GET', '/v1/messages', { key: reader })).status).toBe(200);
      expect(
        await system.call('POST', '/v1/messages', {
          key: reader,
          body: { to: 'a@b.example', subject: 'x', text: 'x' },
        }),
      ).toMatchObject({
        status: 403,
        body: { code: 'scope_missing' },
      });
      const expired = await createKey({ expiresAt: '2020-01-01T00:00:00Z' });
      expect((await system.call('GET', '/v1/messages', { key: expired })).body.code).toBe('unauthenticated');
      expect(
        (await system.call('POST', '/v1/clients', { key: system.keys.live, body: { name: 'x' } })).body.code,
      ).toBe('scope_missing');
      expect((await system.call('GET', '/v1/messages', { key: system.keys.admin })).body.code).toBe(
        'scope_missing',
      );
    });

    test("another client's messages, inbox and templates are not there", async () => {
      const { createClient } = await import('./support/system.ts');
      const other = await createClient(system.call, system.keys.admin);
      const id = await system.send({ to: 'mine@example.net', subject: 'Mine', text: 'x' });
      await system.waitUntilEnded(id);
      for (const path of [
        `/v1/messages/${id}`,
        `/v1/messages/${id}/events`,
        `/v1/messages/${id}/content`,
        `/v1/inbox/${id}`,
      ]) {
        expect(await system.call('GET', path, { key: other.live })).toMatchObject({
          status: 404,
          body: { code: 'not_found' },
        });
      }
      const body = { to: 'a@b.example', template: 'typed', props: { amount: 2 } };
      expect((await system.call('POST', '/v1/messages', { key: other.live, body })).body.code).toBe(
        'template_not_found',
      );
    });

    test('a client sends from its own domains only', async () => {
      const client = await system.call('POST', '/v1/clients', {
        key: system.keys.admin,
        body: { name: 'bound', fromDomains: ['Shop.Example'] },
      });
      const { body } = await system.call('POST', `/v1/clients/${client.body.id}/keys`, {
        key: system.keys.admin,
        body: { name: 'k' },
      });
      const send = (from: string) =>
        system.call('POST', '/v1/messages', {
          key: String(body.key),
          body: { to: 'a@b.example', from, subject: 'x', text: 'x' },
        });
      expect(await send('a@evil.example')).toMatchObject({ status: 403, body: { code: 'from_not_allowed' } });
      expect((await send('a@shop.example')).status).toBe(202);
      expect(
        await system.call('POST', '/v1/clients', { key: system.keys.admin, body: { name: 'bound' } }),
      ).toMatchObject({
        status: 409,
        body: { code: 'name_taken' },
      });
    });

    test('no secret is ever logged', () => {
      const log = system.logLines.join('');
      for (const key of Object.values(system.keys)) expect(log).not.toContain(key.slice(-43));
    });
  });

  describe('templates that mean harm', () => {
    test('an endless loop fails its own message while ten others are delivered', async () => {
      const loop = `export default ({ go }) => { while (go) {} return <p>x</p>; };`;
      expect((await system.pushTemplate('loop', loop)).status).toBe(201);
      const hostile = await system.send({ to: 'loop@example.net', template: 'loop', props: { go: true } });
      const others = await Promise.all(
        Array.from({ length: 10 }, (_, i) =>
          system.send({ to: `ok${i}@example.net`, template: 'greeting', props: { name: `${i}` } }),
        ),
      );
      const ended = await Promise.all(others.map((id) => system.waitUntilEnded(id)));
      expect(ended.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 'sent'));
      expect(await system.waitUntilEnded(hostile)).toMatchObject({
        status: 'failed',
        attempts: 1,
        lastError: expect.stringContaining('template_timeout'),
      });
    });

    test('a template that throws what no database keeps fails its message at once, with its words', async () => {
      const source =
        "export default ({ go }) => { if (go) throw new Error('a' + String.fromCharCode(0) + 'b'); return <p>x</p>; };";
      expect((await system.pushTemplate('thrower', source)).status).toBe(201);
      const id = await system.send({ to: 'throw@example.net', template: 'thrower', props: { go: true } });
      const message = await system.waitUntilEnded(id);
      expect(message).toMatchObject({
        status: 'failed',
        attempts: 1,
        lastError: expect.stringContaining('template_error'),
      });
    });

    test('process.env, Bun, node:fs and the network are not there', async () => {
      const probe = `export const subject = 'probe'; export default () => <p>{[
        typeof process === 'undefined' || !process.env || JSON.stringify(process.env) === '{"NODE_ENV":"production"}' ? 'no-env' : 'ENV',
        typeof Bun, typeof fetch, typeof globalThis['req' + 'uire'],
        (() => { try { return typeof (() => {}).constructor('return Bun')(); } catch { return 'undefined'; } })(),
      ].join(' ')}</p>;`;
      expect((await system.pushTemplate('probe', probe)).status).toBe(201);
      const id = await system.send({ to: 'probe@example.net', template: 'probe' });
      await system.waitUntilEnded(id);
      const { body } = await system.call('GET', `/v1/messages/${id}/content`, { key: system.keys.live });
      expect(String(body.text).trim()).toBe('no-env undefined undefined undefined undefined');
    });

    test.each([
      ["import fs from 'node:fs'; export default () => <p>{String(fs)}</p>;"],
      ["import { x } from './m.ts' with { type: 'macro' }; export default () => <p>{x()}</p>;"],
      ["import x from '../../../etc/passwd'; export default () => <p>{x}</p>;"],
      ['export default () => <p>{</p>;'],
    ])('does not accept %s', async (source) => {
      const answer = await system.pushTemplate('bad', source);
      expect(answer).toMatchObject({ status: 422, body: { code: 'template_build_failed' } });
      expect(answer.body.errors).toMatchObject([{ path: expect.stringMatching(/^index\.tsx:1:\d+$/) }]);
      const { body } = await system.call('POST', '/v1/messages', {
        key: system.keys.live,
        body: { to: 'a@b.example', template: 'bad' },
      });
      expect(body.code).toBe('template_not_found');
    });

    test('a macro never runs', async () => {
      const marker = `/tmp/mail-macro-${Bun.randomUUIDv7()}`;
      const files = {
        'index.tsx':
          "import { run } from './macro.ts' with { type: 'macro' }; export default () => <p>{run()}</p>;",
        'macro.ts': `import { writeFileSync } from 'node:fs'; export const run = () => { writeFileSync('${marker}', 'ran'); return 'ran'; };`,
      };
      const answer = await system.call('PUT', '/v1/templates/macro', {
        key: system.keys.live,
        body: { entry: 'index.tsx', files },
      });
      expect(answer.status).toBe(422);
      expect(await Bun.file(marker).exists()).toBe(false);
    });
  });
});
