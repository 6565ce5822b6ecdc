import { expect, test } from 'bun:test';
import { createTestMail, sendOnce } from './http-test-mail.ts';
import { createProviders } from './registry.ts';
import { parseProviders } from './settings-parse.ts';
import { startSmtpTestServer } from './smtp-test-server.ts';
import { createTestCertificate } from './test-certificate.ts';

test('every kind of provider is made from its settings, the preferred one first', async () => {
  const { providers: settings, problems } = parseProviders(
    JSON.stringify([
      { name: 'last', kind: 'postmark', serverToken: 't', order: 9, weight: 1 },
      { name: 'relay', kind: 'smtp', host: '127.0.0.1', port: 1, order: 1, ratePerS: 5 },
      { name: 'amazon', kind: 'ses', region: 'eu-west-1', order: 1, weight: 300 },
      { name: 'resend', kind: 'resend', apiKey: 'k', order: 0 },
    ]),
    { env: {} },
  );
  expect(problems).toEqual([]);
  const providers = createProviders(settings);
  expect(
    providers.map(({ provider, kind, order, weight, ratePerS }) => [
      provider.name,
      kind,
      order,
      weight,
      ratePerS,
    ]),
  ).toEqual([
    ['resend', 'resend', 0, 100, null],
    ['relay', 'smtp', 1, 100, 5],
    ['amazon', 'ses', 1, 300, null],
    ['last', 'postmark', 9, 1, null],
  ]);
  for (const { provider } of providers) await provider.close();
});

test('an SMTP provider with a DKIM key signs what it sends', async () => {
  const server = await startSmtpTestServer();
  const { providers: settings } = parseProviders(
    JSON.stringify([
      {
        name: 'relay',
        kind: 'smtp',
        host: '127.0.0.1',
        port: server.port,
        dkim: { domain: 'acme.example', selector: 's1', key: createTestCertificate().key },
      },
    ]),
    { env: {} },
  );
  for (const { provider } of createProviders(settings)) await sendOnce(provider, createTestMail());
  expect(server.mails.map(({ data }) => data)).toEqual([
    expect.stringMatching(/^DKIM-Signature: v=1;[^]*d=acme\.example[^]*\r\nSubject: x\r\n/),
  ]);
  await server.stop();
});
