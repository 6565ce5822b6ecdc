import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { verifyWebhook } from '@org/mail-sdk';
import { startSystem, type TestSystem } from '../../server/test/support/system.ts';
import { waitFor } from '../../server/test/support/wait-for.ts';
import { runMailctl, spawnMailctl } from './mailctl.ts';

describe('mailctl about events', () => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await startSystem('embedded', { WEBHOOKS_ALLOW_HTTP: 'true', WEBHOOKS_ALLOW_PRIVATE: 'true' });
  }, 60_000);

  afterAll(() => system.stop());

  const environment = () => ({ MAIL_API_KEY: system.keys.live, MAIL_BASE_URL: system.url });
  const run = async (...args: string[]) => {
    const finished = await runMailctl(args, { env: environment() });
    return { ...finished, answer: finished.stdout.startsWith('{') ? JSON.parse(finished.stdout) : null };
  };
  const start = (...args: string[]) => {
    const child = spawnMailctl(args, { env: environment() });
    const lines: Record<string, unknown>[] = [];
    const reading = (async () => {
      let rest = '';
      for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
        const parts = (rest + chunk).split('\n');
        rest = parts.pop() ?? '';
        lines.push(...parts.map((line) => JSON.parse(line)));
      }
    })();
    const end = async () => {
      child.kill('SIGINT');
      await reading;
      return child.exited;
    };
    return { lines, end };
  };

  test('tail follows what happens, a line each, until Ctrl-C', async () => {
    const tail = start('message', 'tail', '--since', '1h');
    const id = await system.send({ to: 'tail@example.net', subject: 'x', text: 'x' });
    await waitFor('the message to be followed to its end', () =>
      tail.lines.some(({ messageId, type }) => messageId === id && type === 'sent') ? true : null,
    );
    const types = tail.lines.filter(({ messageId }) => messageId === id).map(({ type }) => type);
    expect(types).toEqual(['accepted', 'attempted', 'rendered', 'handed_over', 'sent']);
    expect(await tail.end()).toBe(130);
  });

  test('listen forwards events to this machine, signed', async () => {
    const secret = `whsec_${Buffer.from('a secret of 24 bytes....').toString('base64')}`;
    const received: string[] = [];
    using receiver = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      async fetch(request) {
        const { type, data } = await verifyWebhook(await request.text(), request.headers, secret);
        received.push(`${type} ${String(data['messageId'])}`);
        return new Response();
      },
    });
    const url = `http://127.0.0.1:${receiver.port}/mail-events`;
    const listening = start('webhook', 'listen', url, '--secret', secret, '--since', '1h');
    const id = await system.send({ to: 'listen@example.net', subject: 'x', text: 'x' });
    await waitFor('the event to be forwarded', () => (received.includes(`message.sent ${id}`) ? true : null));
    await waitFor('the line about it', () =>
      listening.lines.some(
        ({ messageId, type, status }) => messageId === id && type === 'message.sent' && status === 200,
      )
        ? true
        : null,
    );
    expect(await listening.end()).toBe(130);
    expect((await run('webhook', 'listen', url, '--secret', 'short')).exitCode).toBe(2);
  });

  test('create, list, test, deliveries, replay and delete', async () => {
    const seen: string[] = [];
    using receiver = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      async fetch(request) {
        seen.push(JSON.parse(await request.text()).type);
        return new Response();
      },
    });
    const url = `http://127.0.0.1:${receiver.port}/`;
    const { answer: endpoint } = await run(
      'webhook',
      'create',
      url,
      '--event',
      'message.sent',
      '--description',
      'mine',
    );
    expect(endpoint).toMatchObject({
      url,
      events: ['message.sent'],
      secret: expect.stringMatching(/^whsec_/),
    });
    expect((await run('webhook', 'list')).answer.data).toMatchObject([
      { id: endpoint.id, description: 'mine' },
    ]);
    expect((await run('webhook', 'test', endpoint.id)).exitCode).toBe(0);
    await waitFor('the test to arrive', () => (seen.includes('webhook.test') ? true : null));
    const deliveries = await waitFor('the delivery to be told', async () => {
      const { data } = (await run('webhook', 'deliveries', endpoint.id)).answer;
      return data[0]?.status === 'delivered' ? data : null;
    });
    expect(deliveries).toMatchObject([{ type: 'webhook.test', attempts: [{ statusCode: 200 }] }]);
    expect((await run('webhook', 'replay', endpoint.id, '--since', '1h')).exitCode).toBe(0);
    expect((await run('webhook', 'delete', endpoint.id)).exitCode).toBe(2);
    expect((await run('webhook', 'delete', endpoint.id, '--yes')).answer).toEqual({ deleted: endpoint.id });
    expect((await run('webhook', 'list')).answer.data).toEqual([]);
  });
});
