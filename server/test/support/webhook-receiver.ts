import { waitFor } from './wait-for.ts';

/** A request as it arrived. */
export type ReceivedWebhook = {
  headers: Record<string, string>;
  /** The exact text, which the signature is about. */
  body: string;
  json: { type: string; timestamp: string; data: Record<string, unknown> };
};

/** A client's own server, answering as the test wants. */
export type WebhookReceiver = {
  url: string;
  received: ReceivedWebhook[];
  /** From now on; 204 at first. */
  answer: (webhook: ReceivedWebhook) => Response | Promise<Response>;
  /** The first that fits, also where it came before it was asked for. */
  waitForWebhook(fits: (webhook: ReceivedWebhook) => boolean): Promise<ReceivedWebhook>;
  stop(): Promise<void>;
};

export function startWebhookReceiver(): WebhookReceiver {
  const received: ReceivedWebhook[] = [];
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      const body = await request.text();
      const webhook = { headers: Object.fromEntries(request.headers), body, json: JSON.parse(body) };
      received.push(webhook);
      return receiver.answer(webhook);
    },
  });
  const receiver: WebhookReceiver = {
    url: `http://127.0.0.1:${server.port}/hooks`,
    received,
    answer: () => new Response(null, { status: 204 }),
    waitForWebhook: (fits) => waitFor('a webhook', () => received.find(fits) ?? null),
    stop: () => server.stop(true),
  };
  return receiver;
}
