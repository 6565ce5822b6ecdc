import { describe, expect, test } from 'bun:test';
import { MailError } from './mail-error.ts';
import { type MailerOptions, toSettings } from './options.ts';
import { type ApiRequest, createTransport, toAborted } from './transport.ts';

type Step = Response | Error | 'never';

const problem = (status: number, code: string, headers: Record<string, string> = {}) =>
  Response.json({ code, detail: 'no', requestId: 'r1' }, { status, headers });
const good = () => Response.json({ isGood: true }, { headers: { 'x-request-id': 'r2' } });

/** A transport whose requests meet `steps` one after the other, and whose pauses only pass on its own clock. */
function createScene(steps: Step[], options: MailerOptions = {}) {
  const requests: { url: string; init: RequestInit }[] = [];
  const pauses: number[] = [];
  let nowMs = 1_000_000;
  const settings = toSettings({
    baseUrl: 'http://mail.test/',
    apiKey: 'mk_live_x',
    async fetch(url, init) {
      requests.push({ url, init });
      const step = steps.shift();
      if (step instanceof Error) throw step;
      if (step instanceof Response) return step;
      return new Promise((_, reject) =>
        init.signal?.addEventListener('abort', () => reject(new Error('aborted by its signal'))),
      );
    },
    ...options,
  });
  const transport = createTransport(settings, {
    nowMs: () => nowMs,
    random: () => 1,
    async sleep(ms, signal) {
      pauses.push(ms);
      nowMs += ms;
      if (signal?.aborted) throw toAborted(signal);
    },
  });
  const send = (request: Partial<ApiRequest> = {}) =>
    transport.send({ method: 'POST', path: '/v1/x', body: {}, isRepeatable: true, options: {}, ...request });
  const failure = async (request?: Partial<ApiRequest>): Promise<MailError> => {
    try {
      await send(request);
    } catch (error) {
      if (error instanceof MailError) return error;
      throw error;
    }
    throw new Error('it did not fail');
  };
  return { send, failure, requests, pauses };
}

describe('repeating', () => {
  test.each([429, 502, 503, 504])('asks again after a %d', async (status) => {
    const { send, requests } = createScene([problem(status, 'x'), good()]);
    expect(await send()).toEqual({ isGood: true });
    expect(requests).toHaveLength(2);
  });

  test.each([400, 401, 404, 409, 422, 500])('does not ask again after a %d', async (status) => {
    const { failure, requests } = createScene([problem(status, 'x'), good()]);
    expect(await failure()).toMatchObject({ status, requestId: 'r1' });
    expect(requests).toHaveLength(1);
  });

  test('asks again after a lost connection, with the same key and body', async () => {
    const { send, requests } = createScene([new Error('reset'), good()]);
    await send({ idempotencyKey: 'k1', body: { a: 1 } });
    const seen = requests.map(({ init }) => [new Headers(init.headers).get('idempotency-key'), init.body]);
    expect(seen).toEqual([
      ['k1', '{"a":1}'],
      ['k1', '{"a":1}'],
    ]);
  });

  test('waits while the first request with its key is under way', async () => {
    const { send } = createScene([problem(409, 'idempotency_in_progress', { 'retry-after': '1' }), good()]);
    expect(await send()).toEqual({ isGood: true });
  });

  test('what would do something each time is repeated only where it was refused for its rate', async () => {
    for (const step of [new Error('reset'), problem(503, 'service_unavailable')]) {
      const { failure, requests } = createScene([step, good()]);
      await failure({ isRepeatable: false });
      expect(requests).toHaveLength(1);
    }
    const { send } = createScene([problem(429, 'rate_limited'), good()]);
    expect(await send({ isRepeatable: false })).toEqual({ isGood: true });
  });

  test("the month's quota is not waited for", async () => {
    const { failure, pauses } = createScene([problem(429, 'quota_exceeded', { 'retry-after': '1' }), good()]);
    expect(await failure()).toMatchObject({ code: 'quota_exceeded', retryAfterMs: 1000 });
    expect(pauses).toEqual([]);
  });

  test('pauses grow to their bound, then it gives up with what it was told last', async () => {
    const retry = { maxAttempts: 5, baseDelayMs: 100, maxDelayMs: 300 };
    const steps = [1, 2, 3, 4, 5].map(() => problem(503, 'overloaded'));
    const { failure, pauses } = createScene(steps, { retry });
    expect(await failure()).toMatchObject({ code: 'overloaded', answer: { attempts: 5 } });
    expect(pauses).toEqual([100, 200, 300, 300]);
  });

  test('waits as long as it is asked to, in seconds or until a date', async () => {
    const date = new Date(1_000_000 + 7000).toUTCString();
    const retry = { baseDelayMs: 10 };
    for (const [after, pause] of [
      ['3', 3010],
      [date, 7010],
    ] as const) {
      const { send, pauses } = createScene([problem(429, 'rate_limited', { 'retry-after': after }), good()], {
        retry,
      });
      await send();
      expect(pauses).toEqual([pause]);
    }
  });

  test('does not begin a pause that ends after its time', async () => {
    const steps = [problem(429, 'rate_limited', { 'retry-after': '31' }), good()];
    const { failure, pauses } = createScene(steps);
    expect(await failure()).toMatchObject({ code: 'rate_limited', retryAfterMs: 31_000 });
    expect(pauses).toEqual([]);
  });

  test('retry: false asks once', async () => {
    const { failure, requests } = createScene([problem(503, 'x'), good()], { retry: false });
    await failure();
    expect(requests).toHaveLength(1);
  });
});

describe('ends', () => {
  test('a request that takes too long is a timeout', async () => {
    const { failure } = createScene(['never'], { timeoutMs: 5, retry: false });
    expect(await failure()).toMatchObject({ code: 'timeout', status: null });
  });

  test('a signal ends a request, and one that was aborted before makes none', async () => {
    const controller = new AbortController();
    const scene = createScene(['never', 'never']);
    const pending = scene.failure({ options: { signal: controller.signal } });
    controller.abort('enough');
    expect(await pending).toMatchObject({ code: 'aborted', cause: 'enough' });
    expect(await scene.failure({ options: { signal: controller.signal } })).toMatchObject({
      code: 'aborted',
    });
  });

  test('an answer that breaks off is a lost connection', async () => {
    const broken = new Response(
      new ReadableStream({
        pull(controller) {
          controller.error(new Error('reset'));
        },
      }),
    );
    const { send } = createScene([broken, good()]);
    expect(await send()).toEqual({ isGood: true });
  });

  test('what is not JSON, or a redirect, is not the service', async () => {
    expect(await createScene([new Response('<h1>')]).failure()).toMatchObject({ code: 'unexpected_answer' });
    const moved = new Response(null, { status: 302, headers: { location: 'http://elsewhere.test' } });
    const { failure, requests } = createScene([moved]);
    expect(await failure()).toMatchObject({ code: 'unexpected_answer', status: 302 });
    expect(requests[0]?.init.redirect).toBe('manual');
  });
});

describe('what hooks are told', () => {
  test('of each request, whose headers they may add to, and of how it ended', async () => {
    const ended: unknown[] = [];
    const { send, requests } = createScene([problem(503, 'overloaded'), good()], {
      onRequest: ({ headers, attempt }) => headers.set('x-attempt', String(attempt)),
      onResponse: ({ attempt, answer, error }) => ended.push([attempt, answer?.status, error?.code]),
    });
    await send();
    expect(ended).toEqual([
      [1, 503, 'overloaded'],
      [2, 200, undefined],
    ]);
    expect(requests.map(({ init }) => new Headers(init.headers).get('x-attempt'))).toEqual(['1', '2']);
  });

  test('a hook that breaks is not taken for the network', async () => {
    const { send } = createScene([good()], {
      onRequest() {
        throw new RangeError('mine');
      },
    });
    await expect(send()).rejects.toThrow(RangeError);
  });
});
