import { MailError } from './mail-error.ts';
import type { AnswerInfo } from './answer.ts';
import { fromEnvironment } from './environment.ts';
import { DEFAULT_RETRY, type RetryOptions } from './retry.ts';

/** One request as it goes out. What is done to `headers` is sent. */
export type OutgoingRequest = { method: string; url: string; headers: Headers; attempt: number };

/** How one request ended: with an answer, or with the error that kept it from one. */
export type FinishedRequest = {
  method: string;
  url: string;
  attempt: number;
  durationMs: number;
  answer: AnswerInfo | null;
  error: MailError | null;
};

export type MailerOptions = {
  /** Where the service listens, for example `https://mail.example.com`. Default: the environment's `MAIL_BASE_URL`. */
  baseUrl?: string | undefined;
  /**
   * A client's key: `mk_live_...`, or `mk_test_...` for mail that must not leave; an admin's for administration. Default: the
   * environment's `MAIL_API_KEY`.
   */
  apiKey?: string | undefined;
  /** Makes the requests. Default: the runtime's own `fetch`. */
  fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
  /** How long one request may take, in milliseconds. Default 10,000. */
  timeoutMs?: number | undefined;
  /** How failures that may pass are met; `false` repeats nothing. */
  retry?: RetryOptions | false | undefined;
  /** Called before each request, repeats included; it may add headers. */
  onRequest?: ((request: OutgoingRequest) => void) | undefined;
  /** Called after each request, repeats included. */
  onResponse?: ((request: FinishedRequest) => void) | undefined;
};

/** What any single call takes beside its input. */
export type CallOptions = {
  /** Ends the call, its pauses included, with a MailError `aborted`. */
  signal?: AbortSignal | undefined;
  /** How long one request of this call may take, in milliseconds. */
  timeoutMs?: number | undefined;
  /** Further headers of this call's requests. */
  headers?: Record<string, string> | undefined;
};

/** What a call that creates something takes beside its input. */
export type CreateOptions = CallOptions & {
  /**
   * Names this call: the same key with the same input creates nothing twice within 24 hours, even from another process. Default: a
   * new one for each call, kept over its retries.
   */
  idempotencyKey?: string | undefined;
};

/**
 * Options with nothing left open.
 *
 * @internal
 */
export type Settings = {
  baseUrl: string;
  apiKey: string;
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  timeoutMs: number;
  retry: Required<RetryOptions>;
  onRequest: (request: OutgoingRequest) => void;
  onResponse: (request: FinishedRequest) => void;
};

const DEFAULT_TIMEOUT_MS = 10_000;

/**
 * @throws MailError `not_configured`
 *
 * @internal
 */
export function toSettings(options: MailerOptions): Settings {
  const { retry, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  return {
    baseUrl: toBaseUrl(options.baseUrl ?? fromEnvironment('MAIL_BASE_URL')),
    apiKey: toApiKey(options.apiKey ?? fromEnvironment('MAIL_API_KEY')),
    // Looked up at each call: whoever replaces the global one later, as tests do, is obeyed.
    fetch: options.fetch ?? ((url, init) => globalThis.fetch(url, init)),
    timeoutMs,
    retry: retry === false ? { ...DEFAULT_RETRY, maxAttempts: 1 } : { ...DEFAULT_RETRY, ...retry },
    onRequest: options.onRequest ?? ignore,
    onResponse: options.onResponse ?? ignore,
  };
}

function toBaseUrl(text: string | undefined): string {
  if (!text) throw notConfigured('No base URL: pass `baseUrl` or set MAIL_BASE_URL.');
  const isHttp = URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
  if (!isHttp)
    throw notConfigured(`"${text}" is not the URL of a service; write it like https://mail.example.com.`);
  return text.replace(/\/+$/, '');
}

function toApiKey(text: string | undefined): string {
  if (!text) throw notConfigured('No API key: pass `apiKey` or set MAIL_API_KEY.');
  // A line break from a badly copied secret would fail inside fetch, with the secret in the message.
  if (!/^[\x21-\x7e]+$/.test(text)) throw notConfigured('The API key has characters that no key has.');
  return text;
}

function notConfigured(message: string): MailError {
  return new MailError({ code: 'not_configured', message });
}

function ignore(): void {}
