import { describe, expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import { verifyWebhook } from './index.ts';

const SECRET = `whsec_${Buffer.from('a secret of this test alone').toString('base64')}`;
const NOW_MS = 1_800_000_000_000;
const BODY = JSON.stringify({
  type: 'message.sent',
  timestamp: '2027-01-15T08:00:00.000Z',
  data: { messageId: 'm1' },
});

/** Signed by other code than the one under test (Standard Webhooks 1.0). */
function sign(body: string | Uint8Array, { secret = SECRET, atMs = NOW_MS, id = 'msg_1' } = {}) {
  const timestamp = String(Math.floor(atMs / 1000));
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const mac = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64');
  return { 'Webhook-Id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${mac}` };
}

const verify = (
  body: string | Uint8Array,
  headers: Record<string, string>,
  secret: string | string[] = SECRET,
) => verifyWebhook(body, headers, secret, { nowMs: NOW_MS });

describe('verifyWebhook', () => {
  test('returns what a genuine one says, from text or bytes, with any kind of headers', async () => {
    const event = { type: 'message.sent', data: { messageId: 'm1' } };
    expect(await verify(BODY, sign(BODY))).toMatchObject(event);
    expect(await verify(new TextEncoder().encode(BODY), sign(BODY))).toMatchObject(event);
    const headers = new Headers(sign(BODY));
    expect(await verifyWebhook(BODY, headers, SECRET, { nowMs: NOW_MS })).toMatchObject(event);
  });

  test('takes one good signature among others, and one good secret', async () => {
    const headers = sign(BODY);
    const other = { ...headers, 'webhook-signature': `v1a,xx v1,AAAA ${headers['webhook-signature']}` };
    expect(await verify(BODY, other)).toMatchObject({ type: 'message.sent' });
    const old = `whsec_${Buffer.from('the one before').toString('base64')}`;
    expect(await verify(BODY, headers, [old, SECRET])).toMatchObject({ type: 'message.sent' });
  });

  test.each([
    ['another body', `${BODY} `, sign(BODY)],
    ['another id', BODY, { ...sign(BODY), 'Webhook-Id': 'msg_2' }],
    ['another secret', BODY, sign(BODY, { secret: 'whsec_AAAA' })],
    ['another time', BODY, { ...sign(BODY), 'webhook-timestamp': '1800000001' }],
    ['a time that is none', BODY, { ...sign(BODY), 'webhook-timestamp': 'NaN' }],
    ['no signature', BODY, { ...sign(BODY), 'webhook-signature': '' }],
    ['a signature of another version', BODY, { ...sign(BODY), 'webhook-signature': 'v2,AAAA' }],
    ['too old', BODY, sign(BODY, { atMs: NOW_MS - 301_000 })],
    ['from the future', BODY, sign(BODY, { atMs: NOW_MS + 301_000 })],
    ['signed, and no event', '[]', sign('[]')],
  ])('refuses %s', async (_, body, headers) => {
    await expect(verify(body, headers)).rejects.toMatchObject({ code: 'webhook_invalid' });
  });

  test('a byte order mark is part of what was signed', async () => {
    const marked = new TextEncoder().encode(`\uFEFF${BODY}`);
    await expect(verify(marked, sign(BODY))).rejects.toMatchObject({ code: 'webhook_invalid' });
  });

  test('a secret that is none is the mistake of the caller', async () => {
    await expect(verify(BODY, sign(BODY), 'whsec_!')).rejects.toMatchObject({ code: 'invalid_argument' });
  });
});
