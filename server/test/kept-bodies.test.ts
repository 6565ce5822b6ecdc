import { afterEach, expect, test } from 'bun:test';
import { describeOnBothProfiles, startSystem, type TestSystem } from './support/system.ts';

const TEMPLATE = `export const subject = () => 'Hello';
export default ({ name }: { name: string }) => <html><body><p>Hi {name}</p></body></html>;`;

describeOnBothProfiles('the content of a message', (profile) => {
  const cleanups: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (let cleanup = cleanups.pop(); cleanup; cleanup = cleanups.pop()) await cleanup();
  });

  const sendOne = async (settings: Record<string, string>) => {
    const system = await startSystem(profile, settings);
    cleanups.push(system.stop);
    await system.pushTemplate('hello', TEMPLATE);
    const id = await system.send({ to: 'a@example.net', template: 'hello', props: { name: 'Ada' } });
    expect(await system.waitUntilEnded(id)).toMatchObject({ status: 'sent' });
    return { system, id };
  };

  const contentOf = async (system: TestSystem, id: string) =>
    (await system.call('GET', `/v1/messages/${id}/content`, { key: system.keys.live })).body;

  /** As when another engine, or a version that is gone, no longer gives the same bytes. */
  const changeProps = (system: TestSystem, id: string) =>
    system.database.query('update messages set props = $2::text where id = $1::uuid', [id, '{"name":"Bob"}']);

  test('that is kept is what was sent, also when it renders differently now', async () => {
    const { system, id } = await sendOne({ KEEP_BODIES: 'true' });
    const before = await contentOf(system, id);
    expect(before).toMatchObject({ subject: 'Hello', exact: true });
    await changeProps(system, id);
    expect(await contentOf(system, id)).toEqual(before);
  }, 60_000);

  test('that is not kept is rendered again, and says where it is not exact', async () => {
    const { system, id } = await sendOne({});
    expect(await contentOf(system, id)).toMatchObject({ exact: true });
    await changeProps(system, id);
    const after = await contentOf(system, id);
    expect(after).toMatchObject({ exact: false });
    expect(String(after.html)).toContain('Bob');
  }, 60_000);

  test('goes out with its attachments and its large body', async () => {
    const system = await startSystem(profile, { PUBLIC_URL: 'https://mail.example.com' });
    cleanups.push(system.stop);
    const html = `<p>${'large '.repeat(20_000)}</p>`;
    const id = await system.send({
      to: 'a@example.net',
      subject: 'x',
      html,
      unsubscribe: true,
      attachments: [{ filename: 'a.txt', content: Buffer.from('attached').toString('base64') }],
    });
    expect(await system.waitUntilEnded(id)).toMatchObject({ status: 'sent' });
    const raw = new TextDecoder().decode(system.sink.mails[0]?.raw);
    expect(raw).toContain(Buffer.from('attached').toString('base64'));
    expect(raw).toMatch(/List-Unsubscribe: <https:\/\/mail\.example\.com\/u\//);
    expect(raw.length).toBeGreaterThan(html.length);
    expect(await contentOf(system, id)).toMatchObject({ html, exact: true });
  }, 60_000);
});
