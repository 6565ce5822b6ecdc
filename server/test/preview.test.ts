import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { asPage, GREETING, openPreviewStage, type PreviewStage } from './support/preview-stage.ts';

let stage: PreviewStage;

beforeAll(async () => {
  stage = await openPreviewStage(GREETING);
});
afterAll(() => stage.close());

async function render(body: Record<string, unknown>) {
  const response = await stage.call('/ui/preview/render', asPage(body));
  return response.json();
}

describe('the preview renders', () => {
  test('every template of the folder, by the folder that sorts it', async () => {
    const list = await (await stage.call('/ui/preview/templates')).json();
    expect(list.templates).toEqual([
      { name: 'greeting', group: '' },
      { name: 'plain', group: 'accounts' },
    ]);
    expect(list.service).toBeNull();
  });

  test('with its own props, and says what it knows', async () => {
    const answer = await render({ name: 'greeting' });
    expect(answer).toMatchObject({
      ok: true,
      subject: 'Hello Ada',
      props: { name: 'Ada' },
      locale: 'en',
      facts: { locales: ['de', 'en'], entry: 'index.tsx' },
    });
    expect(answer.html).toContain('Hello Ada');
    expect(answer.text).toContain('Hello Ada');
  });

  test('with a fixture, a locale, and props of the request, which come first', async () => {
    const fixture = await render({ name: 'greeting', fixture: 'long-name', locale: 'de' });
    expect(fixture.subject).toStartWith('Hallo Hubert Blaine');
    const given = await render({ name: 'greeting', fixture: 'long-name', props: { name: 'Grace' } });
    expect(given.subject).toBe('Hello Grace');
  });

  test('nothing from props that the schema refuses, and tells where', async () => {
    const answer = await render({ name: 'greeting', props: { name: '', plan: 'gold' } });
    expect(answer).toMatchObject({ ok: false, code: 'invalid_props' });
    expect(answer.propErrors.map(({ path }: { path: string }) => path).toSorted()).toEqual([
      '/name',
      '/plan',
    ]);
  });

  test('a template that fails with its own props, with others', async () => {
    stage.save(
      'picky/index.tsx',
      'export const PreviewProps = {}; export default ({ items }) => <p>{items.join()}</p>;',
    );
    expect(await render({ name: 'picky' })).toMatchObject({ ok: false, code: 'template_error' });
    expect(await render({ name: 'picky', props: { items: ['a', 'b'] } })).toMatchObject({ ok: true });
    stage.remove('picky');
  });

  test('no template that is not there', async () => {
    const response = await stage.call('/ui/preview/render', asPage({ name: '../../etc/passwd' }));
    expect(response.status).toBe(404);
  });

  test('an error with its place', async () => {
    stage.save('broken/index.tsx', 'export default function Broken() {\n  return <p>;\n}\n');
    const answer = await render({ name: 'broken' });
    expect(answer).toMatchObject({ ok: false, code: 'template_build_failed' });
    expect(answer.places[0]).toMatchObject({ file: 'index.tsx', line: 2 });
    stage.remove('broken');
  });

  test('and tells of a save', async () => {
    const controller = new AbortController();
    const response = await stage.call('/ui/preview/events', { signal: controller.signal });
    const reader = response.body?.getReader();
    stage.save('accounts/plain/index.tsx', 'export default function Plain() { return <p>Changed</p>; }');
    let seen = '';
    while (!seen.includes('"plain"')) seen += new TextDecoder().decode((await reader?.read())?.value);
    controller.abort();
    expect(seen).toContain('event: changed');
    expect((await render({ name: 'plain' })).html).toContain('Changed');
  });
});

describe('a mail in a frame', () => {
  const frame = async (query: string) => {
    const { frame: name } = await render({ name: 'greeting' });
    return stage.call(`/ui/frames/preview/${name}${query}`);
  };

  test('may neither run, submit, navigate nor load anything', async () => {
    const policy = (await frame('')).headers.get('content-security-policy') ?? '';
    expect(policy).toContain('sandbox allow-same-origin;');
    expect(policy).not.toContain('allow-scripts');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("form-action 'none'");
    expect(policy).toContain('img-src data: cid:;');
    expect(policy).not.toContain('https');
  });

  test('loads images of the network where that is asked for', async () => {
    const policy = (await frame('?images=1')).headers.get('content-security-policy') ?? '';
    expect(policy).toContain('img-src data: cid: https:;');
    expect(policy).toContain("default-src 'none'");
  });

  test('is gone when nobody knows its name', async () => {
    expect((await stage.call('/ui/frames/preview/nothing')).status).toBe(404);
  });
});

describe('the pages are for this machine alone', () => {
  const codeOf = async (path: string, init: RequestInit) => {
    const response = await stage.call(path, init);
    const { code } = await response.json();
    return `${response.status} ${code}`;
  };

  test('a name that was rebound to this machine is refused', async () => {
    const init = { headers: { host: 'evil.example' } };
    expect(await codeOf('/preview', init)).toBe('403 host_not_allowed');
    expect(await codeOf('/ui/preview/templates', init)).toBe('403 host_not_allowed');
  });

  test('a page of another origin is refused', async () => {
    const origin = { headers: { origin: 'https://evil.example' } };
    expect(await codeOf('/ui/preview/templates', origin)).toBe('403 origin_not_allowed');
    const embedding = { headers: { 'sec-fetch-site': 'cross-site' } };
    expect(await codeOf('/ui/preview/templates', embedding)).toBe('403 origin_not_allowed');
    const sibling = { headers: { 'sec-fetch-site': 'same-site' } };
    expect(await codeOf('/ui/preview/templates', sibling)).toBe('403 origin_not_allowed');
  });

  test('what changes something needs the header of the pages', async () => {
    const { headers: _, ...bare } = asPage({ name: 'greeting' });
    expect(await codeOf('/ui/preview/render', bare)).toBe('403 origin_not_allowed');
  });

  test('pages take scripts, styles and frames from the server alone, and are in no frame', async () => {
    const { headers } = await stage.call('/preview');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toContain('unsafe');
    expect(policy).toContain(`frame-src ${stage.url}/ui/frames/`);
    expect(policy).toContain("frame-ancestors 'none'");
  });
});
