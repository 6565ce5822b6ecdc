import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { startSystem, type TestSystem } from '../../server/test/support/system.ts';
import { createMailer, type Mailer, MailError } from '../src/index.ts';

describe('the SDK against a server', () => {
  let system: TestSystem;
  let mailer: Mailer;

  beforeAll(async () => {
    system = await startSystem('embedded');
    mailer = createMailer({ baseUrl: system.url, apiKey: system.keys.live });
  }, 60_000);

  afterAll(() => system.stop());

  const errorOf = async (call: Promise<unknown>): Promise<MailError> => {
    try {
      await call;
    } catch (error) {
      if (error instanceof MailError) return error;
      throw error;
    }
    throw new Error('it did not fail');
  };

  test('pushes, sends, and follows a message', async () => {
    const source =
      "export const PreviewProps = { name: 'x' }; export const subject = (p) => `Hi ${p.name}`; export default (p) => <p>{p.name}</p>;";
    expect(
      await mailer.templates.push('hi', { entry: 'index.tsx', files: { 'index.tsx': source } }),
    ).toMatchObject({ name: 'hi', version: 1 });
    const { messageId, status } = await mailer.send({
      to: 'ada@example.net',
      template: 'hi',
      props: { name: 'Ada' },
    });
    expect(status).toBe('queued');
    await system.waitUntilEnded(messageId);
    const message = await mailer.messages.get(messageId);
    expect(message).toMatchObject({ id: messageId, status: 'sent', subject: 'Hi Ada' });
    // Eden would have made Dates of what looks like one.
    expect(typeof message.createdAt).toBe('string');
    expect((await mailer.messages.events(messageId)).map(({ type }) => type)).toEqual([
      'accepted',
      'attempted',
      'rendered',
      'handed_over',
      'sent',
    ]);
    expect(await mailer.messages.content(messageId)).toMatchObject({ subject: 'Hi Ada', exact: true });
  });

  test('looks at, tries, rolls back and deletes a template', async () => {
    const files = (word: string) => ({ 'index.tsx': `export default () => <p>${word}</p>;` });
    await mailer.templates.push('turned', { entry: 'index.tsx', files: files('one') });
    await mailer.templates.push('turned', { entry: 'index.tsx', files: files('two') });
    expect(await mailer.templates.get('turned')).toMatchObject({ version: 2 });
    const { data } = await mailer.templates.versions('turned', { limit: 10 });
    expect(data.map(({ version }) => version)).toEqual([2, 1]);
    expect(await mailer.templates.version('turned', 1)).toMatchObject({ files: files('one') });
    expect(await mailer.templates.render('turned', { version: 1 })).toMatchObject({ text: 'one' });
    expect(await mailer.templates.rollBack('turned', 1)).toMatchObject({ version: 1 });
    await mailer.templates.delete('turned');
    expect(await errorOf(mailer.templates.get('turned'))).toMatchObject({ code: 'template_not_found' });
    expect(await errorOf(mailer.templates.delete('turned'))).toMatchObject({ code: 'template_not_found' });
  });

  test('a refusal is an error with code, status, request id and places', async () => {
    const error = await errorOf(mailer.send({ to: 'a@b.example, evil@c.example', subject: 'x', text: 'x' }));
    expect(error).toMatchObject({ code: 'invalid_request', status: 422, errors: [{ path: '/to' }] });
    expect(error.requestId).toBeString();
  });

  test('an id that would leave the path reaches no other route', async () => {
    for (const id of ['', '.', '..']) {
      expect(await errorOf(mailer.messages.get(id))).toMatchObject({
        code: 'invalid_argument',
        status: null,
      });
    }
    expect(await errorOf(mailer.messages.get('../clients'))).toMatchObject({
      code: 'not_found',
      status: 404,
    });
  });

  test('a wrong key and a server that is not there', async () => {
    const wrong = createMailer({ baseUrl: system.url, apiKey: 'mk_live_wrong' });
    expect(await errorOf(wrong.messages.get('x'))).toMatchObject({ code: 'unauthenticated', status: 401 });
    const nowhere = createMailer({ baseUrl: 'http://127.0.0.1:1', apiKey: system.keys.live, retry: false });
    expect(await errorOf(nowhere.messages.get('x'))).toMatchObject({ code: 'network_error', status: null });
  });

  test('whoever answers something else than the service is named so', async () => {
    const proxy = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: () => new Response('<h1>Bad gateway</h1>', { status: 502 }),
    });
    const behind = createMailer({
      baseUrl: `http://127.0.0.1:${proxy.port}`,
      apiKey: system.keys.live,
      retry: false,
    });
    expect(await errorOf(behind.messages.get('x'))).toMatchObject({ code: 'unexpected_answer', status: 502 });
    await proxy.stop(true);
  });
});
