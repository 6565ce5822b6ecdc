import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyWebhook } from '@org/mail-sdk';
import { startSystem, type TestSystem } from '../../server/test/support/system.ts';
import { toWebhook } from '../src/webhook-request.ts';
import { runMailctl } from './mailctl.ts';

describe('mailctl about messages', () => {
  let system: TestSystem;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mailctl-message-'));
    system = await startSystem('embedded');
  }, 60_000);

  afterAll(async () => {
    await system.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = async (args: string[], { key, stdin }: { key?: string; stdin?: string } = {}) => {
    const finished = await runMailctl(args, {
      cwd: folder,
      env: { MAIL_API_KEY: key ?? system.keys.live, MAIL_BASE_URL: system.url },
      ...(stdin === undefined ? {} : { stdin }),
    });
    return {
      ...finished,
      answer: finished.stdout.startsWith('{') ? JSON.parse(finished.stdout) : null,
      error: finished.stderr.startsWith('{') ? JSON.parse(finished.stderr).error : null,
    };
  };
  const hello = (to: string) => ['send', '--to', to, '--subject', 'Hello', '--text', 'Hello Ada'];

  test('send --wait tells what became of it', async () => {
    const { exitCode, answer } = await run([...hello('ada@example.net'), '--wait']);
    expect({ exitCode, status: answer.status, subject: answer.subject }).toEqual({
      exitCode: 0,
      status: 'sent',
      subject: 'Hello',
    });
    expect((await run([...hello('ada@example.net'), '--wait', 'arrived'])).exitCode).toBe(2);
    const late = await run([...hello('ada@example.net'), '--wait', 'delivered', '--timeout', '1s']);
    expect(late).toMatchObject({ exitCode: 1, error: { code: 'wait_timeout' } });
  });

  test('send reads bodies from files and standard input', async () => {
    await Bun.write(join(folder, 'body.html'), '<p>From a file</p>');
    const { answer } = await run(
      [
        'send',
        '--to',
        'ada@example.net',
        '--subject',
        'Files',
        '--html',
        '@body.html',
        '--text',
        '@-',
        '--wait',
      ],
      { stdin: 'From standard input' },
    );
    const content = await run(['message', 'content', answer.messageId]);
    expect(content.answer).toMatchObject({
      html: '<p>From a file</p>',
      text: 'From standard input',
      exact: true,
    });
    expect((await run(['send', '--to', 'a@example.net', '--text', '@nowhere'])).exitCode).toBe(5);
  });

  test.each([
    [['send', '--to', 'a@example.net']],
    [['send', 'welcome']],
    [['send', 'welcome@x', '--to', 'a@example.net']],
    [[...hello('a@example.net'), '--at', 'soon']],
    [[...hello('a@example.net'), '--tag', 'nothing']],
    [[...hello('a@example.net'), '--timeout', 'long']],
    [['message', 'list', '--status', 'gone']],
    [['message', 'list', '--limit', '0']],
    [['message', 'list', '--trace', 'abc']],
    [['message', 'resolve', 'x', '--as', 'lost']],
    [['dead-letter', 'retry']],
    [['webhook', 'replay', 'x']],
    [['client', 'update', 'x']],
  ])('%j is a usage error before anything is asked of the service', async (args) => {
    const { exitCode, error } = await run(args, { key: 'mk_live_nobody' });
    expect({ exitCode, code: error.code }).toEqual({ exitCode: 2, code: 'usage' });
  });

  test('a mail that was refused ends --wait with 1', async () => {
    system.sink.setPlan({ recipient: () => ({ code: 550, text: 'nobody here' }) });
    const refused = await run([...hello('gone@example.net'), '--wait']);
    system.sink.setPlan({});
    expect(refused).toMatchObject({ exitCode: 1, error: { code: 'failed' } });
    expect(['failed', 'bounced']).toContain(refused.answer.status);
  });

  test('send takes all that a mail may have', async () => {
    await Bun.write(join(folder, 'terms.txt'), 'The terms');
    const flags = ['--cc', 'c@example.net', '--bcc', 'b@example.net', '--reply-to', 'r@example.net'];
    const words = [
      '--header',
      'X-Order=42',
      '--tag',
      'kind=order',
      '--metadata',
      'order=42',
      '--priority',
      'high',
    ];
    const rest = ['--attach', 'terms.txt', '--idempotency-key', 'order-42'];
    const { answer } = await run([...hello('ada@example.net'), ...flags, ...words, ...rest, '--wait']);
    const { answer: message } = await run(['message', 'get', answer.messageId]);
    expect(message).toMatchObject({
      status: 'sent',
      tags: { kind: 'order' },
      metadata: { order: '42' },
      headers: { 'X-Order': '42' },
      priority: 'high',
      attachments: [{ filename: 'terms.txt', sizeBytes: 9 }],
      recipients: [{ kind: 'to' }, { kind: 'cc' }, { kind: 'bcc' }],
    });
    const again = await run([...hello('ada@example.net'), ...flags, ...words, ...rest]);
    expect(again.answer.messageId).toBe(answer.messageId);
  });

  test('send --at schedules, and cancel takes it back', async () => {
    const { answer } = await run([...hello('later@example.net'), '--at', '2h']);
    expect(answer.status).toBe('scheduled');
    expect((await run(['message', 'cancel', answer.messageId])).exitCode).toBe(2);
    expect((await run(['message', 'cancel', answer.messageId, '--yes'])).answer.data).toEqual([
      { messageId: answer.messageId, status: 'canceled' },
    ]);
    expect(await run(['message', 'cancel', answer.messageId, '--yes'])).toMatchObject({
      exitCode: 5,
      error: { code: 'not_cancelable' },
    });
  });

  test('list filters and limits, newest first', async () => {
    const ids: string[] = [];
    for (const word of ['one', 'two', 'three']) {
      ids.unshift(await system.send({ to: 'list@example.net', subject: word, text: word }));
    }
    for (const id of ids) await system.waitUntilEnded(id);
    const listed = await run(['message', 'list', '--to', 'list@example.net']);
    expect(listed.answer.data.map(({ id }: { id: string }) => id)).toEqual(ids);
    expect(
      (await run(['message', 'list', '--to', 'list@example.net', '--limit', '2'])).answer.data,
    ).toHaveLength(2);
    expect(
      (await run(['message', 'list', '--to', 'list@example.net', '--status', 'failed'])).answer.data,
    ).toEqual([]);
    expect(
      (await run(['message', 'list', '--to', 'list@example.net', '--since', '1h'])).answer.data,
    ).toHaveLength(3);
    expect((await run(['message', 'list', '--to', 'list@example.net', '--until', '1h'])).answer.data).toEqual(
      [],
    );
  });

  test('list finds what was sent in a trace, by its id or by a traceparent', async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const { body } = await system.call('POST', '/v1/messages', {
      key: system.keys.live,
      headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` },
      body: { to: 'trace@example.net', subject: 'x', text: 'x' },
    });
    for (const trace of [traceId, traceId.toUpperCase(), `00-${traceId}-b7ad6b7169203331-00`]) {
      const { answer } = await run(['message', 'list', '--trace', trace]);
      expect(answer.data).toMatchObject([{ id: body.messageId, traceId }]);
    }
    expect((await run(['message', 'list', '--trace', 'f'.repeat(32)])).answer.data).toEqual([]);
  });

  test('events is the timeline alone', async () => {
    const id = await system.send({ to: 'a@example.net', subject: 'x', text: 'x' });
    await system.waitUntilEnded(id);
    const { answer } = await run(['message', 'events', id]);
    expect(answer.data.map(({ type }: { type: string }) => type)).toEqual([
      'accepted',
      'attempted',
      'rendered',
      'handed_over',
      'sent',
    ]);
  });

  test('retry, dead-letter list, discard and retry', async () => {
    expect((await run(['message', 'retry', Bun.randomUUIDv7()])).exitCode).toBe(4);
    const sent = await system.send({ to: 'a@example.net', subject: 'x', text: 'x' });
    await system.waitUntilEnded(sent);
    expect((await run(['message', 'retry', sent])).exitCode).toBe(5);
    expect(await run(['dead-letter', 'list', '--since', '1h'])).toMatchObject({ exitCode: 0 });
    expect((await run(['dead-letter', 'retry', Bun.randomUUIDv7()])).exitCode).toBe(4);
    expect(await run(['dead-letter', 'retry', '--all'])).toMatchObject({
      exitCode: 2,
      error: { hint: expect.stringContaining('--yes') },
    });
    expect((await run(['dead-letter', 'discard', '--all', '--yes'])).answer).toEqual({
      discarded: expect.any(Number),
    });
    expect((await run(['dead-letter', 'retry', '--all', '--yes'])).answer).toEqual({ retried: 0 });
  });

  test('resolve is for what is unknown only', async () => {
    const id = await system.send({ to: 'a@example.net', subject: 'x', text: 'x' });
    await system.waitUntilEnded(id);
    expect(await run(['message', 'resolve', id, '--as', 'sent'])).toMatchObject({
      exitCode: 5,
      error: { code: 'not_resolvable' },
    });
    expect((await run(['message', 'resolve', id, '--as', 'retry'])).exitCode).toBe(2);
  });

  test('suppression add, list and remove; mail to a suppressed address ends without being sent', async () => {
    expect((await run(['suppression', 'add', 'no@example.net'])).answer).toMatchObject({
      email: 'no@example.net',
      reason: 'manual',
    });
    expect((await run(['suppression', 'list', '--reason', 'manual'])).answer.data).toMatchObject([
      { email: 'no@example.net' },
    ]);
    const refused = await run([...hello('no@example.net'), '--wait']);
    expect(refused).toMatchObject({ exitCode: 1, answer: { status: 'suppressed' } });
    expect((await run(['suppression', 'remove', 'no@example.net'])).exitCode).toBe(2);
    expect((await run(['suppression', 'remove', 'no@example.net', '--yes'])).answer).toEqual({
      removed: 'no@example.net',
    });
    expect((await run(['suppression', 'remove', 'no@example.net', '--yes'])).exitCode).toBe(4);
  });

  test('client and key create, with the admin key', async () => {
    const admin = { key: system.keys.admin };
    const { answer: client } = await run(
      ['client', 'create', 'Shop', '--from-domain', 'shop.example.com'],
      admin,
    );
    expect(client).toMatchObject({ name: 'Shop', fromDomains: ['shop.example.com'] });
    const { answer: key } = await run(
      ['key', 'create', 'ci', '--client', client.id, '--mode', 'test', '--scope', 'send'],
      admin,
    );
    expect(key).toMatchObject({
      name: 'ci',
      mode: 'test',
      scopes: ['send'],
      key: expect.stringMatching(/^mk_test_/),
    });
    expect((await run(['client', 'create', 'Shop'], admin)).exitCode).toBe(5);
    expect((await run(['client', 'create', 'Other'])).exitCode).toBe(3);
  });
});

test('what listen forwards is signed as a webhook is', async () => {
  const secret = `whsec_${Buffer.from('a secret of 24 bytes....').toString('base64')}`;
  const event = {
    id: '12-34',
    messageId: '01a1fcb2-31de-7043-a58c-94c3f0a0d7ba',
    type: 'delivered',
    status: 'delivered',
    at: '2026-11-21T08:00:00.000Z',
    attempt: 1,
    provider: 'smtp',
    recipient: 'ada@example.com',
    detail: 'ok',
    template: 'welcome',
    tags: {},
  } as const;
  const nowMs = Date.UTC(2026, 10, 21, 8);
  const { headers, body } = await toWebhook(event, { secret, nowMs });
  expect(await verifyWebhook(body, headers, secret, { nowMs })).toMatchObject({
    type: 'message.delivered',
    data: { messageId: event.messageId, recipient: 'ada@example.com' },
  });
});
