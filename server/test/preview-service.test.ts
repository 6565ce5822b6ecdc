import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { asPage, openPreviewStage, type PreviewStage } from './support/preview-stage.ts';
import { startSystem, type TestSystem } from './support/system.ts';
import { waitFor } from './support/wait-for.ts';

const LIVE = 'export const subject = "Note"; export default ({ name = "all" }) => <p>Dear {name}</p>;';
const ON_DISK = LIVE.replace('Dear', 'Hello');

let system: TestSystem;
let stage: PreviewStage;

beforeAll(async () => {
  system = await startSystem('embedded');
  await system.pushTemplate('note', LIVE);
  stage = await openPreviewStage(
    { 'note/index.tsx': ON_DISK, 'draft/index.tsx': ON_DISK },
    { url: system.url, apiKey: system.keys.live },
  );
});
afterAll(async () => {
  await stage.close();
  await system.stop();
});

const post = async (path: string, body: unknown) => (await stage.call(path, asPage(body))).json();
const get = async (path: string) => (await stage.call(path)).json();
const rendering = { name: 'note', props: { name: 'Ada' }, fixture: null, locale: null };

describe('a preview with a service', () => {
  test('lists the versions that the service has, and none of what was never pushed', async () => {
    const { versions } = await get('/ui/preview/versions?name=note');
    expect(versions).toMatchObject([{ version: 1, isCurrent: true }]);
    expect(await get('/ui/preview/versions?name=draft')).toEqual({ versions: [] });
  });

  test('renders a version with the props that are shown, for a frame beside', async () => {
    const asked = { name: 'note', version: 1, props: { name: 'Ada' }, locale: null };
    const answer = await post('/ui/preview/version', asked);
    expect(answer).toMatchObject({ ok: true, subject: 'Note' });
    expect(answer.html).toContain('Dear Ada');
    const frame = await stage.call(`/ui/frames/preview/${answer.frame}`);
    expect(await frame.text()).toContain('Dear Ada');
    expect(await post('/ui/preview/version', { ...asked, version: 9 })).toMatchObject({ ok: false });
  });

  test('sends what is shown, pushed or not, and tells what becomes of it', async () => {
    const answer = await post('/ui/preview/tests', { rendering, to: 'ada@example.com' });
    expect(answer).toMatchObject({ ok: true });
    const progress = await waitFor('the end of the test mail', async () => {
      const now = await get(`/ui/preview/tests?id=${answer.messageId}`);
      return now.isOver ? now : null;
    });
    expect(progress.status).toBe('sent');
    const types = progress.events.map(({ type }: { type: string }) => type);
    expect(types).toContain('accepted');
    expect(types).toContain('handed_over');
    const { html } = (
      await system.call('GET', `/v1/messages/${answer.messageId}/content`, { key: system.keys.live })
    ).body;
    expect(html).toContain('Hello Ada');
  });

  test('sends what the template sets, its sender and headers', async () => {
    const set = `export const from = 'Ada <ada@example.org>'; export const headers = { 'X-Campaign': 'spring' };`;
    stage.save('note/index.tsx', `${set}\n${ON_DISK}`);
    const answer = await post('/ui/preview/tests', { rendering, to: 'grace@example.com' });
    expect(answer).toMatchObject({ ok: true });
    const { raw } = await system.sink.waitForMail(({ to }) => to.includes('grace@example.com'));
    expect(raw.toString()).toMatch(/^From: Ada <ada@example\.org>\r$/m);
    expect(raw.toString()).toMatch(/^X-Campaign: spring\r$/m);
    stage.save('note/index.tsx', ON_DISK);
  });

  test('tells why the service refuses', async () => {
    const answer = await post('/ui/preview/tests', { rendering, to: 'nobody' });
    expect(answer.ok).toBeFalse();
    expect(answer.message).toContain('/to');
  });
});

test('a service that is away is an answer, and takes nothing else away', async () => {
  const away = await openPreviewStage({ 'note/index.tsx': LIVE }, { url: 'http://127.0.0.1:9', apiKey: 'x' });
  const call = async (path: string, body: unknown) => (await away.call(path, asPage(body))).json();
  const sent = await call('/ui/preview/tests', { rendering, to: 'ada@example.com' });
  expect(sent).toEqual({ ok: false, message: 'http://127.0.0.1:9 does not answer.' });
  expect(await call('/ui/preview/render', { name: 'note' })).toMatchObject({ ok: true });
  await away.close();
});
