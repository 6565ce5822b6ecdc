import { describe, expect, test } from 'bun:test';
import { Webhook } from 'standardwebhooks';
import { createWebhookSecret, signWebhook } from './signature.ts';

const BODY = '{"type":"message.sent","data":{"subject":"Grüße 😀"}}';

describe('signatures', () => {
  test('verify with the package of the standard', () => {
    const secret = createWebhookSecret();
    const headers = signWebhook({ id: 'one', body: BODY, secrets: [secret], at: new Date() });
    expect(new Webhook(secret).verify(BODY, headers)).toEqual(JSON.parse(BODY));
    for (const other of [{ 'webhook-id': 'two' }, { 'webhook-timestamp': '1' }]) {
      expect(() => new Webhook(secret).verify(BODY, { ...headers, ...other })).toThrow();
    }
  });

  test('are as the package itself makes them', () => {
    const at = new Date('2026-11-21T08:00:00.900Z');
    const secret = createWebhookSecret();
    const headers = signWebhook({ id: 'one', body: BODY, secrets: [secret], at });
    expect(headers['webhook-timestamp']).toBe('1795248000');
    expect(headers['webhook-signature']).toBe(new Webhook(secret).sign('one', at, BODY));
  });

  test('of two secrets verify with either', () => {
    const secrets = [createWebhookSecret(), createWebhookSecret()];
    const headers = signWebhook({ id: 'one', body: BODY, secrets, at: new Date() });
    for (const secret of secrets) new Webhook(secret).verify(BODY, headers);
    expect(() => new Webhook(createWebhookSecret()).verify(BODY, headers)).toThrow();
  });
});
