import { type AnswerInfo, noteAnswer, toAnswerInfo } from './answer.ts';
import { MailError, toMailError } from './mail-error.ts';
import type { CallOptions, Settings } from './options.ts';
import { mayRetry, parseRetryAfter, toDelayMs } from './retry.ts';
import { traceHeaders } from './trace-headers.ts';

/** One call, before it is known how many requests it takes. */
export type ApiRequest = {
  method: string;
  /** Encoded, with its query. */
  path: string;
  /** Sent as JSON. */
  body?: unknown;
  /** Whether asking again is harmless: it changes nothing, or comes to the same, or has an idempotency key. */
  isRepeatable: boolean;
  idempotencyKey?: string | undefined;
  options: CallOptions;
};

/** Time and chance, as the tests of repeating need to hold them. */
export type Surroundings = {
  nowMs(): number;
  random(): number;
  /** Rejects as soon as the signal is aborted. */
  sleep(ms: number, signal: AbortSignal | undefined): Promise<void>;
};

export type Transport = {
  /** Resolves with the answer's JSON (null for none), after as many attempts as it takes and is allowed. Throws MailError. */
  send(request: ApiRequest): Promise<unknown>;
  /** One request without a time limit on its body, for streams. Throws MailError unless it is answered well. */
  open(request: ApiRequest): Promise<Response>;
};

export function createTransport(settings: Settings, surroundings: Surroundings = REAL): Transport {
  const { nowMs, random, sleep } = surroundings;

  /** Tells the hooks of every request, whatever becomes of it. */
  async function attemptOnce<T>(
    request: ApiRequest,
    attempt: number,
    { leftMs, read }: { leftMs: number; read: (response: Response, info: AnswerInfo) => Promise<T> },
  ): Promise<T> {
    if (request.options.signal?.aborted) throw toAborted(request.options.signal);
    const url = `${settings.baseUrl}${request.path}`;
    const facts = { method: request.method, url, attempt };
    const startedAtMs = nowMs();
    const finish = (answer: AnswerInfo | null, error: MailError | null) =>
      settings.onResponse({ ...facts, durationMs: nowMs() - startedAtMs, answer, error });
    const headers = toHeaders(settings, request);
    settings.onRequest({ ...facts, headers });
    const timeoutMs = Math.min(request.options.timeoutMs ?? settings.timeoutMs, leftMs);
    const limit = startLimit({ signal: request.options.signal, timeoutMs, baseUrl: settings.baseUrl });
    let info: AnswerInfo | null = null;
    try {
      const response = await settings.fetch(url, {
        method: request.method,
        headers,
        signal: limit.signal,
        // A key that follows a redirect elsewhere is a key given away.
        redirect: 'manual',
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      });
      info = toAnswerInfo(response.status, response.headers, attempt);
      if (!response.ok) {
        const retryAfterMs = parseRetryAfter(response.headers.get('retry-after'), nowMs());
        throw toMailError(await readJson(response), info, retryAfterMs);
      }
      const result = await read(response, info);
      finish(info, null);
      return result;
    } catch (error) {
      const failure = error instanceof MailError ? error : limit.explain(error, request.options.signal);
      finish(info, failure);
      throw failure;
    } finally {
      limit.end();
    }
  }

  return {
    async send(request) {
      const { retry } = settings;
      const endsAtMs = nowMs() + retry.maxTotalMs;
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await attemptOnce(request, attempt, { leftMs: endsAtMs - nowMs(), read: readResult });
        } catch (error) {
          if (!(error instanceof MailError)) throw error;
          const { retryAfterMs } = error;
          const delayMs = toDelayMs(retry, { attempt, retryAfterMs, random });
          const isOver = attempt >= retry.maxAttempts || nowMs() + delayMs >= endsAtMs;
          if (isOver || !mayRetry(error, request.isRepeatable)) throw error;
          await sleep(delayMs, request.options.signal);
        }
      }
    },
    open: (request) =>
      attemptOnce(request, 1, { leftMs: Number.POSITIVE_INFINITY, read: async (response) => response }),
  };
}

function toHeaders(settings: Settings, request: ApiRequest): Headers {
  const headers = new Headers({ accept: 'application/json', ...traceHeaders() });
  if (request.body !== undefined) headers.set('content-type', 'application/json');
  for (const [name, value] of Object.entries(request.options.headers ?? {})) headers.set(name, value);
  if (request.idempotencyKey !== undefined) headers.set('idempotency-key', request.idempotencyKey);
  headers.set('x-api-key', settings.apiKey);
  return headers;
}

async function readResult(response: Response, info: AnswerInfo): Promise<unknown> {
  if (response.status === 204) return null;
  const text = await response.text();
  const result = parseJson(text);
  if (result === undefined) throw toMailError(undefined, info, null);
  noteAnswer(result, info);
  return result;
}

async function readJson(response: Response): Promise<unknown> {
  return parseJson(await response.text());
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

type Limit = {
  signal: AbortSignal;
  explain(error: unknown, signal: AbortSignal | undefined): MailError;
  end(): void;
};

type LimitOptions = { signal: AbortSignal | undefined; timeoutMs: number; baseUrl: string };

/** One signal for the caller's wish and the time limit; `end` takes the timer and the listener away. */
function startLimit({ signal, timeoutMs, baseUrl }: LimitOptions): Limit {
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason);
  let isLate = false;
  const expire = () => {
    isLate = true;
    controller.abort();
  };
  const timer = Number.isFinite(timeoutMs) ? setTimeout(expire, Math.max(0, timeoutMs)) : undefined;
  signal?.addEventListener('abort', abort, { once: true });
  return {
    signal: controller.signal,
    explain(error, callers) {
      if (callers?.aborted) return toAborted(callers);
      if (isLate) {
        const message = `The mail service did not answer within ${Math.round(timeoutMs)} ms.`;
        return new MailError({ code: 'timeout', message, cause: error });
      }
      const message = `The mail service cannot be reached at ${baseUrl}: ${reasonOf(error)}`;
      return new MailError({ code: 'network_error', message, cause: error });
    },
    end() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    },
  };
}

/** Node says only "fetch failed", and why in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message ? error.cause.message : error.message;
}

/** The error of a call that its caller ended. */
export function toAborted(signal: AbortSignal): MailError {
  return new MailError({ code: 'aborted', message: 'The call was aborted.', cause: signal.reason });
}

/** Resolves after `ms`; rejects with `aborted` as soon as the signal says so. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted) throw toAborted(signal);
  const { promise, resolve } = createGate();
  const timer = setTimeout(resolve, ms);
  signal?.addEventListener('abort', resolve, { once: true });
  await promise;
  clearTimeout(timer);
  signal?.removeEventListener('abort', resolve);
  if (signal?.aborted) throw toAborted(signal);
}

function createGate(): { promise: Promise<void>; resolve: () => void } {
  // Promise.withResolvers is younger than Node 20.
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = () => done();
  });
  return { promise, resolve: () => resolve() };
}

const REAL: Surroundings = { nowMs: Date.now, random: Math.random, sleep: pause };
