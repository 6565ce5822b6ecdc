import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { createBuildTable } from '../src/lib/db/template-builds.ts';
import { createEngine, PREVIEW_PINS } from '../src/lib/engine/engine.ts';
import { createMemoryLock } from '../src/lib/engine/locker.ts';
import { createMetrics } from '../src/lib/telemetry/metrics.ts';
import { createLogger } from '../src/lib/telemetry/logger.ts';
import { createTestMeter } from './support/test-meter.ts';
import { describeOnBothProfiles, startSystem, type TestSystem } from './support/system.ts';

const sourceOf = (word: string) => `
import { Type } from '@sinclair/typebox';
import { Body, Html, Preview, Text } from 'react-email';
export const schema = Type.Object({ name: Type.String() });
export const PreviewProps = { name: 'Ada' };
export const subject = ({ name }) => '${word} ' + name;
export default ({ name }) => (
  <Html lang="en"><Preview>A word from us</Preview><Body><Text>${word}, {name}</Text></Body></Html>
);`;

describeOnBothProfiles('the versions of a template', (profile) => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await startSystem(profile);
  }, 60_000);

  afterAll(() => system.stop());

  const call = (method: string, path: string, body?: unknown, key = system.keys.live) =>
    system.call(method, `/v1/templates/${path}`, { key, ...(body === undefined ? {} : { body }) });

  test('are numbered, listed newest first page by page, and read back with their sources', async () => {
    for (const word of ['one', 'two', 'three'])
      expect((await system.pushTemplate('history', sourceOf(word))).status).toBe(201);
    expect((await system.pushTemplate('history', sourceOf('three'))).status).toBe(200);
    expect((await call('GET', 'history')).body).toMatchObject({
      name: 'history',
      version: 3,
      isShared: false,
      previewProps: { name: 'Ada' },
      warnings: [],
    });

    const first = await call('GET', 'history/versions?limit=2');
    expect(first.body.data).toMatchObject([
      { version: 3, isCurrent: true },
      { version: 2, isCurrent: false },
    ]);
    const rest = await call('GET', `history/versions?limit=2&cursor=${String(first.body.nextCursor)}`);
    expect(rest.body).toMatchObject({ data: [{ version: 1 }], nextCursor: null });

    const { status, body } = await call('GET', 'history/versions/1');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      name: 'history',
      version: 1,
      isCurrent: false,
      entry: 'index.tsx',
      files: { 'index.tsx': sourceOf('one') },
      previewProps: { name: 'Ada' },
    });
  });

  test('render with given props, or with the preview props where none are given', async () => {
    await system.pushTemplate('tried', sourceOf('old'));
    await system.pushTemplate('tried', sourceOf('new'));
    expect((await call('POST', 'tried/render', {})).body).toMatchObject({
      version: 2,
      subject: 'new Ada',
      text: 'new, Ada',
    });
    const pinned = await call('POST', 'tried/render', { props: { name: 'Bob' }, version: 1 });
    expect(pinned).toMatchObject({ status: 200, body: { version: 1, subject: 'old Bob' } });
    expect(String(pinned.body.html)).toContain('old, Bob');
    expect(await call('POST', 'tried/render', { props: { name: 1 } })).toMatchObject({
      status: 422,
      body: { code: 'invalid_props', errors: [{ path: '/props/name' }] },
    });
    expect(await call('POST', 'tried/render', { version: 9 })).toMatchObject({
      status: 404,
      body: { code: 'template_not_found' },
    });
  });

  test('can be rolled back, and the next push still gets a number of its own', async () => {
    await system.pushTemplate('back', sourceOf('good'));
    await system.pushTemplate('back', sourceOf('bad'));
    expect(await call('POST', 'back/rollback', { version: 1 })).toMatchObject({
      status: 200,
      body: { version: 1 },
    });
    const id = await system.send({ to: 'back@example.net', template: 'back', props: { name: 'B' } });
    expect(await system.waitUntilEnded(id)).toMatchObject({ templateVersion: 1, subject: 'good B' });
    expect((await system.pushTemplate('back', sourceOf('good'))).status).toBe(200);
    expect((await system.pushTemplate('back', sourceOf('better'))).body).toMatchObject({ version: 3 });
    expect(await call('POST', 'back/rollback', { version: 7 })).toMatchObject({
      status: 404,
      body: { code: 'template_not_found' },
    });
  });

  test('are deleted only when no mail waits for them, and past mail can still be shown', async () => {
    await system.pushTemplate('gone', sourceOf('bye'));
    system.sink.setPlan({
      recipient: (address) => (address === 'wait@example.net' ? { code: 451, text: 'later' } : null),
    });
    const id = await system.send({ to: 'wait@example.net', template: 'gone', props: { name: 'W' } });
    expect(await call('DELETE', 'gone')).toMatchObject({ status: 409, body: { code: 'template_in_use' } });
    expect((await call('GET', 'gone')).status).toBe(200);
    system.sink.setPlan({});
    expect(await system.waitUntilEnded(id)).toMatchObject({ status: 'sent' });

    expect((await call('DELETE', 'gone')).status).toBe(204);
    for (const [method, path, body] of [
      ['GET', 'gone'],
      ['DELETE', 'gone'],
      ['GET', 'gone/versions'],
      ['GET', 'gone/versions/1'],
      ['POST', 'gone/render', {}],
      ['POST', 'gone/rollback', { version: 1 }],
    ] as const) {
      expect(await call(method, path, body)).toMatchObject({
        status: 404,
        body: { code: 'template_not_found' },
      });
    }
    const refused = await system.call('POST', '/v1/messages', {
      key: system.keys.live,
      body: { to: 'a@example.net', template: 'gone', props: { name: 'x' } },
    });
    expect(refused).toMatchObject({ status: 404, body: { code: 'template_not_found' } });
    const content = await system.call('GET', `/v1/messages/${id}/content`, { key: system.keys.live });
    expect(content.body).toMatchObject({ subject: 'bye W', exact: true });
    expect(await system.pushTemplate('gone', sourceOf('again'))).toMatchObject({
      status: 201,
      body: { version: 1 },
    });
  });

  test("belong to whoever pushed them: a client cannot change what is shared or another's", async () => {
    const body = { entry: 'index.tsx', files: { 'index.tsx': sourceOf('shared') } };
    expect((await call('PUT', 'everyones', body, system.keys.admin)).status).toBe(201);
    expect((await call('PUT', 'everyones', body, system.keys.admin)).status).toBe(200);
    expect((await call('GET', 'everyones')).body).toMatchObject({ isShared: true });
    expect((await call('POST', 'everyones/render', {})).status).toBe(200);
    expect((await call('DELETE', 'everyones')).status).toBe(404);
    expect((await call('POST', 'everyones/rollback', { version: 1 })).status).toBe(404);
    await system.pushTemplate('private', sourceOf('mine'));
    expect((await call('GET', 'private', undefined, system.keys.admin)).status).toBe(404);
    expect((await call('DELETE', 'everyones', undefined, system.keys.admin)).status).toBe(204);
  });

  test('speak the language that a message asks for, and the timeline tells the chain', async () => {
    const source = `
export const subject = ({ t, locale }) => t('subject', { locale });
export const PreviewProps = { name: 'Ada' };
export default ({ t, name }) => <p>{t('greeting.formal', { name })}</p>;`;
    const files = {
      'index.tsx': source,
      'messages/en.json': '{"subject":"In {locale}","greeting":{"formal":"Dear {name}"}}',
      'messages/de.json': '{"subject":"Auf {locale}"}',
    };
    const pushed = await call('PUT', 'spoken', { entry: 'index.tsx', files });
    expect(pushed.body.warnings).toContainEqual({
      code: 'translation_missing',
      message: expect.stringContaining('"greeting.formal" is missing in de'),
      file: 'messages/de.json',
      line: null,
    });
    const detailOf = async (id: string) => {
      const { body } = await system.call('GET', `/v1/messages/${id}/events`, { key: system.keys.live });
      const events = Array.isArray(body.data) ? body.data : [];
      return events.find(({ type }) => type === 'rendered')?.detail;
    };
    const props = { name: 'Grace' };
    const austrian = await system.send({
      to: 'a@example.net',
      template: 'spoken',
      props,
      locale: 'de-at',
    });
    expect(await system.waitUntilEnded(austrian)).toMatchObject({ status: 'sent', subject: 'Auf de-AT' });
    expect(await detailOf(austrian)).toBe('locale de-AT (no messages) -> de -> en');
    const content = await system.call('GET', `/v1/messages/${austrian}/content`, { key: system.keys.live });
    expect(content.body).toMatchObject({ text: 'Dear Grace', exact: true });
    const silent = await system.send({ to: 'a@example.net', template: 'spoken', props });
    expect(await system.waitUntilEnded(silent)).toMatchObject({ subject: 'In en' });
    expect(await detailOf(silent)).toBe('locale en');
    expect((await call('POST', 'spoken/render', { locale: 'de' })).body).toMatchObject({
      subject: 'Auf de',
    });
  });

  test.each([
    ['no tag', { template: 'spoken', locale: 'de_AT!' }],
    ['none of a template', { subject: 'x', text: 'x', locale: 'de' }],
  ])('refuse a locale that is %s', async (_name, body) => {
    const to = 'a@example.net';
    const answer = await system.call('POST', '/v1/messages', {
      key: system.keys.live,
      body: { to, ...body },
    });
    expect(answer).toMatchObject({
      status: 422,
      body: { code: 'invalid_request', errors: [{ path: '/locale' }] },
    });
  });

  test('tell where their messages are not texts', async () => {
    const files = { 'index.tsx': 'export default () => null;', 'messages/en.json': '{"a":1}' };
    expect(await call('PUT', 'wrong', { entry: 'index.tsx', files })).toMatchObject({
      status: 422,
      body: { code: 'template_build_failed', errors: [{ path: 'messages/en.json' }] },
    });
  });

  test('are described by their preview props where they have no schema, and nothing is refused by that', async () => {
    const source = `export const PreviewProps = { count: 1 }; export default ({ count }) => <p>{count}</p>;`;
    expect((await system.pushTemplate('loose', source)).body).toMatchObject({
      schema: null,
      derivedSchema: { type: 'object', properties: { count: { type: 'number' } } },
    });
    expect((await call('POST', 'loose/render', { props: { count: 'many' } })).body).toMatchObject({
      text: 'many',
    });
    expect((await system.pushTemplate('strict', sourceOf('x'))).body).toMatchObject({ derivedSchema: null });
  });

  test('keep what the checker found, with its place', async () => {
    const source = '\nexport default () => <img src="/logo.png" alt="Logo" />;';
    const warning = { code: 'image_relative', file: 'index.tsx', line: 2, message: expect.any(String) };
    const first = await system.pushTemplate('warned', source);
    expect(first).toMatchObject({ status: 201 });
    expect(first.body.warnings).toContainEqual(warning);
    expect((await system.pushTemplate('warned', source)).body.warnings).toContainEqual(warning);
    expect((await call('GET', 'warned/versions/1')).body.warnings).toContainEqual(warning);
  });

  test('name the sender and headers of mail that names none', async () => {
    const source = `
export const from = 'Billing <billing@example.com>';
export const headers = { 'X-Kind': 'invoice', 'X-Other': 'template' };
export const subject = 'From the template';
export default () => <p>Hi</p>;`;
    expect(await system.pushTemplate('mailed', source)).toMatchObject({
      status: 201,
      body: { from: 'Billing <billing@example.com>', headers: { 'X-Kind': 'invoice' } },
    });
    const detailOf = async (id: string) =>
      (await system.call('GET', `/v1/messages/${id}`, { key: system.keys.live })).body;
    const silent = await system.send({ to: 'a@example.net', template: 'mailed' });
    expect(await detailOf(silent)).toMatchObject({
      from: 'Billing <billing@example.com>',
      headers: { 'X-Kind': 'invoice', 'X-Other': 'template' },
    });
    const own = { from: 'me@example.org', headers: { 'x-other': 'message' } };
    const spoken = await system.send({ to: 'a@example.net', template: 'mailed', ...own });
    const { from, headers } = await detailOf(spoken);
    expect(from).toBe('me@example.org');
    expect(headers).toEqual({ 'X-Kind': 'invoice', 'x-other': 'message' });
  });

  test.each([
    ['a sender that is no address', `export const from = 'nobody';`, 'template_invalid'],
    [
      'a sender with a line break',
      `export const from = 'a@b.example\\nBcc: c@d.example';`,
      'template_invalid',
    ],
    ['a sender that is no text', `export const from = { a: 1 };`, 'template_render_failed'],
    ['a header of the envelope', `export const headers = { Bcc: 'a@b.example' };`, 'template_invalid'],
    [
      'a header with a line break',
      `export const headers = { 'X-A': 'x\\r\\nBcc: a@b.example' };`,
      'template_invalid',
    ],
    ['headers that are no texts', `export const headers = { 'X-A': 1 };`, 'template_render_failed'],
  ])('are refused with %s', async (_name, line, code) => {
    const answer = await system.pushTemplate('refused', `${line} export default () => <p>Hi</p>;`);
    expect(answer).toMatchObject({ status: 422, body: { code } });
    expect((await call('GET', 'refused')).status).toBe(404);
  });

  test("keep to a client's domains, at the push and at the send", async () => {
    const source = `export const from = 'a@elsewhere.example'; export const subject = 'x'; export default () => null;`;
    const body = { entry: 'index.tsx', files: { 'index.tsx': source } };
    const client = await system.call('POST', '/v1/clients', {
      key: system.keys.admin,
      body: { name: `narrow ${profile}`, fromDomains: ['home.example'] },
    });
    const created = await system.call('POST', `/v1/clients/${String(client.body.id)}/keys`, {
      key: system.keys.admin,
      body: { name: 'narrow' },
    });
    const key = String(created.body.key);
    expect(await call('PUT', 'foreign', body, key)).toMatchObject({
      status: 403,
      body: { code: 'from_not_allowed' },
    });
    expect((await call('PUT', 'foreign', body, system.keys.admin)).status).toBe(201);
    const send = (more: Record<string, unknown>) =>
      system.call('POST', '/v1/messages', {
        key,
        body: { to: 'a@example.net', template: 'foreign', ...more },
      });
    expect(await send({})).toMatchObject({ status: 403, body: { code: 'from_not_allowed' } });
    expect((await send({ from: 'a@home.example' })).status).toBe(202);
  });

  test('leave no builds of engines that are long gone', async () => {
    const { db } = system.database;
    const builds = createBuildTable(db);
    const old = { contentHash: 'old', engineVersion: 'gone' };
    const recent = { contentHash: 'recent', engineVersion: 'gone' };
    await builds.write(old, 'module.exports = 1;');
    await db.execute(
      sql`update template_builds set created_at = now() - interval '31 days' where content_hash = 'old'`,
    );
    await builds.write(recent, 'module.exports = 2;');
    expect(await builds.read(old)).toBe('module.exports = 1;');
    await builds.write({ contentHash: 'new', engineVersion: 'now' }, 'module.exports = 3;');
    expect(await builds.read(old)).toBeNull();
    expect(await builds.read(recent)).toBe('module.exports = 2;');
    await db.execute(sql`update template_builds set code = 'broken' where content_hash = 'recent'`);
    expect(await builds.read(recent)).toBeNull();
  });

  test('an instance with an empty disk does not compile what another has built', async () => {
    const { body } = await system.pushTemplate('built', sourceOf('once'));
    const distDir = mkdtempSync(join(tmpdir(), 'empty-disk-'));
    const meter = createTestMeter();
    const engine = await createEngine({
      distDir,
      builds: createBuildTable(system.database.db),
      lock: createMemoryLock(),
      logger: createLogger({ level: 'silent' }),
      metrics: createMetrics(meter.provider),
    });
    // the sandbox's own runtime is built for each disk
    const before = await meter.countOf('mail.template.compiles');
    const result = await engine.render({
      sandboxKey: 'other',
      template: {
        contentHash: String(body.contentHash),
        load: () => Promise.reject(new Error('the sources were asked for')),
      },
      propsJson: '{"name":"E"}',
      pins: PREVIEW_PINS,
    });
    expect(result).toMatchObject({ ok: true, subject: 'once E' });
    expect(await meter.countOf('mail.template.compiles')).toBe(before);
    expect(await meter.countOf('mail.template.lookups', { tier: 'table', result: 'hit' })).toBe(1);
    await engine.close();
    rmSync(distDir, { recursive: true });
  });
});
