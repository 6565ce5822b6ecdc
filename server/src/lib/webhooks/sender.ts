import { toStorableText } from '../messages/storable-text.ts';
import { parseIp } from './ip-address.ts';
import { type ResolveName, resolveTarget } from './resolve-target.ts';
import { parseTargetUrl, type TargetPolicy } from './target.ts';

/** What came of one request; `error` says why there was no answer. */
export type SendResult = { statusCode: number | null; error: string | null; response: string | null };

export type WebhookRequest = { url: string; headers: Readonly<Record<string, string>>; body: string };

export type WebhookSender = (request: WebhookRequest, signal: AbortSignal) => Promise<SendResult>;

export type WebhookSenderOptions = {
  policy: TargetPolicy;
  resolve: ResolveName;
  timeoutMs: number;
  /** Certificates to trust besides the system's, in PEM. */
  ca?: string;
};

/** Of an answer no more is read than is kept. */
const MAX_RESPONSE_BYTES = 1024;

const USER_AGENT = 'mail-service-webhooks/1';

/**
 * Sends to addresses that were checked: the name is resolved here and the connection made to that very address, so that a second answer of DNS
 * changes nothing, while TLS still proves the name. Redirects are answers like any other, and never followed.
 */
export function createWebhookSender({ policy, resolve, timeoutMs, ca }: WebhookSenderOptions): WebhookSender {
  return async ({ url: text, headers, body }, stopping) => {
    const target = parseTargetUrl(text, policy);
    if (!target.ok) return failed(`the URL ${target.reason}`);
    const { url } = target;
    const signal = AbortSignal.any([stopping, AbortSignal.timeout(timeoutMs)]);
    try {
      const resolved = await abortable(
        resolveTarget(url, { resolve, allowPrivate: policy.allowPrivate }),
        signal,
      );
      if (!resolved.ok) return failed(resolved.reason);
      const response = await fetch(withHost(url, resolved.address), {
        method: 'POST',
        headers: { ...headers, host: url.host, 'content-type': 'application/json', 'user-agent': USER_AGENT },
        body,
        redirect: 'manual',
        keepalive: false,
        // Whatever would unpack to gigabytes stays packed.
        decompress: false,
        signal,
        ...(url.protocol === 'https:' && { tls: { serverName: serverNameOf(url), ...(ca && { ca }) } }),
      });
      return { statusCode: response.status, error: null, response: await readStart(response) };
    } catch (error) {
      return failed(signal.aborted ? describeAbort(stopping, timeoutMs) : describe(error));
    }
  };
}

function withHost(url: URL, address: string): string {
  const connected = new URL(url);
  connected.hostname = address.includes(':') ? `[${address}]` : address;
  return connected.href;
}

function serverNameOf(url: URL): string {
  const name = url.hostname.replace(/\.$/, '');
  return parseIp(name) ? name.replace(/^\[|\]$/g, '') : name;
}

/** Looking a name up cannot be taken back, but it can be left alone. */
async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort);
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** The first KB; what comes behind it is not read. */
async function readStart(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body ?? []) {
      chunks.push(chunk.subarray(0, MAX_RESPONSE_BYTES - size));
      size += chunk.length;
      // Leaving the loop cancels the body, and with it the connection.
      if (size >= MAX_RESPONSE_BYTES) break;
    }
  } catch {
    // The status has arrived, which is what counts; the rest was only to be shown.
  }
  return toStorableText(new TextDecoder().decode(Buffer.concat(chunks)));
}

function failed(error: string): SendResult {
  return { statusCode: null, error: toStorableText(error), response: null };
}

function describeAbort(stopping: AbortSignal, timeoutMs: number): string {
  return stopping.aborted ? 'the service was stopped' : `no answer within ${timeoutMs} ms`;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'the connection failed';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  // The first sentence: what the runtime adds is for the author of the call, and may name the address.
  const words = (error.message.split(/[.\n]/)[0] ?? '').replace(/ fetching ".*$/, '');
  return code === '' || words.includes(code) ? words : `${code}: ${words}`;
}
