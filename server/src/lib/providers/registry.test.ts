import { expect, test } from 'bun:test';
import { createProviders } from './registry.ts';
import { parseProviders } from './settings-parse.ts';

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
  expect(providers[0]?.provider.repeatableForMs).toBeGreaterThan(0);
  for (const { provider } of providers) await provider.close();
});
