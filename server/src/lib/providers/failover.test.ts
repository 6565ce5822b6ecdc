import { afterEach, beforeEach, expect, test } from 'bun:test';
import { createLogger } from '../telemetry/logger.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { createTestMail } from './http-test-mail.ts';
import { type HttpTestServer, type ScriptedAnswer, startHttpTestServer } from './http-test-server.ts';
import { createInboxProvider } from './inbox.ts';
import { createProviders } from './registry.ts';
import { createProviderRouter, type ProviderRouter, type RouterResult } from './router.ts';
import { parseProviders } from './settings-parse.ts';
import { type SmtpTestServer, startSmtpTestServer } from './smtp-test-server.ts';

let amazon: HttpTestServer;
let postmark: HttpTestServer;
let relay: SmtpTestServer;
let router: ProviderRouter;
let amazonSays: ScriptedAnswer;
let postmarkSays: ScriptedAnswer;
let steps: string[];

beforeEach(async () => {
  steps = [];
  amazon = await startHttpTestServer({ answer: () => amazonSays });
  postmark = await startHttpTestServer({ answer: () => postmarkSays });
  relay = await startSmtpTestServer();
  const { providers } = parseProviders(
    JSON.stringify([
      {
        name: 'amazon',
        kind: 'ses',
        region: 'eu-west-1',
        endpoint: amazon.url,
        accessKeyId: 'i',
        secretAccessKey: 's',
      },
      { name: 'postmark', kind: 'postmark', serverToken: 't', endpoint: postmark.url },
      { name: 'relay', kind: 'smtp', host: '127.0.0.1', port: relay.port },
    ]),
    { env: {} },
  );
  router = createProviderRouter({
    providers: createProviders(providers),
    inbox: createInboxProvider({ store: { save: async () => {} } }),
    logger: createLogger({ level: 'silent', destination: { write() {} } }),
    metrics: createMetrics(),
  });
});

afterEach(async () => {
  await router.close();
  await Promise.all([amazon.stop(), postmark.stop(), relay.stop()]);
});

function send(): Promise<RouterResult> {
  return router.send(
    createTestMail(),
    { mode: 'live', boundTo: null },
    {
      signal: new AbortController().signal,
      onHandOver: async (provider) => void steps.push(`to ${provider}`),
      onHandOverRevoked: async (provider) => void steps.push(`back from ${provider}`),
      onFailover: (provider) => void steps.push(`on from ${provider}`),
    },
  );
}

test('one mail goes on from a provider that nobody can reach, over one that is out of order, to one that takes it', async () => {
  await amazon.stop();
  postmarkSays = { status: 503, json: { ErrorCode: 100, Message: 'Maintenance' } };
  expect(await send()).toMatchObject({ provider: 'relay', result: { kind: 'sent' } });
  // Nothing was handed over where no connection stood; what Postmark answered took its hand-over back.
  expect(steps).toEqual([
    'on from amazon',
    'to postmark',
    'back from postmark',
    'on from postmark',
    'to relay',
  ]);
  expect(relay.mails).toHaveLength(1);
});

test('a throttled one is no reason to wait where another has room', async () => {
  amazonSays = { status: 429, json: {}, headers: { 'x-amzn-errortype': 'TooManyRequestsException' } };
  postmarkSays = { status: 200, json: { ErrorCode: 0, Message: 'OK', MessageID: 'p-1' } };
  expect(await send()).toMatchObject({
    provider: 'postmark',
    result: { kind: 'sent', providerMessageId: 'p-1' },
  });
  expect(relay.mails).toEqual([]);
});

test('a lost answer ends it: no other provider may have the mail too', async () => {
  amazonSays = 'drop';
  expect(await send()).toMatchObject({ provider: 'amazon', result: { kind: 'ambiguous' } });
  expect(steps).toEqual(['to amazon']);
  expect(postmark.requests).toEqual([]);
  expect(relay.mails).toEqual([]);
});

test('a refusal ends it: the next one would refuse the same mail', async () => {
  amazonSays = { status: 400, json: {}, headers: { 'x-amzn-errortype': 'MessageRejected' } };
  expect(await send()).toMatchObject({ provider: 'amazon', result: { kind: 'rejected' } });
  expect(postmark.requests).toEqual([]);
  expect(relay.mails).toEqual([]);
});
