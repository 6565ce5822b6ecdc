import { expect, test } from 'bun:test';
import { createSvixVerifier, isSvixSecret } from './svix-signature.ts';

/** The example that the scheme's own documentation works through. */
const PUBLISHED = {
  secret: 'whsec_plJ3nmyCDGBKInavdOK15jsl',
  body: '{"event_type":"ping","data":{"success":true}}',
  id: 'msg_loFOjxBNrRLzqYUf',
  time: '1731705121',
  signature: 'v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=',
};
const SIGNED_AT_MS = Number(PUBLISHED.time) * 1000;
const OTHER = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

function verify({
  secrets = [PUBLISHED.secret],
  atMs = SIGNED_AT_MS,
  body = PUBLISHED.body,
  headers = {},
}: { secrets?: string[]; atMs?: number; body?: string; headers?: Record<string, string> } = {}) {
  const all = {
    'svix-id': PUBLISHED.id,
    'svix-timestamp': PUBLISHED.time,
    'svix-signature': PUBLISHED.signature,
    ...headers,
  };
  const verifier = createSvixVerifier({ secrets, now: () => new Date(atMs) });
  return verifier.verify(Buffer.from(body), new Headers(all));
}

test('takes what the published example signs', () => {
  expect(verify()).toBeNull();
  expect(isSvixSecret(PUBLISHED.secret)).toBe(true);
});

test('takes either secret while one follows the other, and any of several signatures', () => {
  expect(verify({ secrets: [OTHER, PUBLISHED.secret] })).toBeNull();
  expect(verify({ headers: { 'svix-signature': `v1a,x v1,AAAA ${PUBLISHED.signature}` } })).toBeNull();
});

test.each([
  ['another body', { body: `${PUBLISHED.body} ` }],
  ['another id', { headers: { 'svix-id': 'msg_other' } }],
  ['another secret', { secrets: [OTHER] }],
  ['another version', { headers: { 'svix-signature': PUBLISHED.signature.replace('v1,', 'v2,') } }],
  ['a signature cut short', { headers: { 'svix-signature': 'v1,rAvfW3dJ' } }],
])('refuses %s', (_what, change) => {
  expect(verify(change)).toBe('bad_signature');
});

test('refuses what is older or newer than five minutes', () => {
  expect(verify({ atMs: SIGNED_AT_MS + 300_000 })).toBeNull();
  expect(verify({ atMs: SIGNED_AT_MS + 301_000 })).toBe('stale');
  expect(verify({ atMs: SIGNED_AT_MS - 301_000 })).toBe('stale');
});

test.each(['svix-id', 'svix-timestamp', 'svix-signature'])('refuses a callback without %s', (name) => {
  expect(verify({ headers: { [name]: '' } })).toBe('signature_missing');
});
