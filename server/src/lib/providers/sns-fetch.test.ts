import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { type HttpTestServer, type ScriptedAnswer, startHttpTestServer } from './http-test-server.ts';
import { fetchSnsText } from './sns-fetch.ts';

describe('what the notification service has at an address', () => {
  let server: HttpTestServer;
  let answer: ScriptedAnswer;
  beforeEach(async () => {
    server = await startHttpTestServer({ answer: () => answer });
  });
  afterEach(() => server.stop());

  test('is its text', async () => {
    answer = { status: 200, text: '-----BEGIN CERTIFICATE-----' };
    expect(await fetchSnsText(`${server.url}/x.pem`)).toBe('-----BEGIN CERTIFICATE-----');
    expect(server.requests).toMatchObject([{ method: 'GET', path: '/x.pem' }]);
  });

  test.each<[string, ScriptedAnswer]>([
    ['a redirect', { status: 302, headers: { location: 'http://169.254.169.254/' } }],
    ['an error', { status: 500, text: 'no' }],
    ['more than a certificate can be', { status: 200, text: 'x'.repeat(100_000) }],
    ['a cut', 'drop'],
  ])('is not %s', async (_, scripted) => {
    answer = scripted;
    await expect(fetchSnsText(server.url)).rejects.toThrow();
    expect(server.requests.length).toBeGreaterThan(0);
  });
});
