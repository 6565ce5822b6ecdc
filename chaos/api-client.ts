/** What the API answered. */
export type ApiAnswer = {
  /** 0 where the connection ended without an answer. */
  status: number;
  /** Whether the caller lost its patience, rather than the connection. */
  isTimeout: boolean;
  body: Readonly<Record<string, unknown>>;
  isReplayed: boolean;
  retryAfterMs: number | null;
};

export type ApiCall = {
  key: string;
  body?: unknown;
  idempotencyKey?: string | null;
};

const TIMEOUT_MS = 10_000;

/** One HTTP request as any program would make it. Never throws for what the other side does. */
export async function callApi(
  method: string,
  url: string,
  { key, body, idempotencyKey }: ApiCall,
): Promise<ApiAnswer> {
  try {
    const response = await fetch(url, {
      method,
      headers: {
        'x-api-key': key,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(idempotencyKey ? { 'idempotency-key': idempotencyKey } : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const retryAfter = response.headers.get('retry-after');
    return {
      status: response.status,
      isTimeout: false,
      body: toObject(await response.json()),
      isReplayed: response.headers.get('idempotent-replayed') === 'true',
      retryAfterMs: retryAfter === null ? null : Number(retryAfter) * 1000,
    };
  } catch (error) {
    const isTimeout = error instanceof Error && error.name === 'TimeoutError';
    return { status: 0, isTimeout, body: {}, isReplayed: false, retryAfterMs: null };
  }
}

/** The fields of a JSON object; none of anything else. */
export function toObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** The objects of a list answer. */
export function toRows({ body }: ApiAnswer): Record<string, unknown>[] {
  return Array.isArray(body['data']) ? body['data'].map(toObject) : [];
}

/** @throws Error where the answer is not the wanted one */
export async function callApiSurely(
  method: string,
  url: string,
  call: ApiCall,
): Promise<Readonly<Record<string, unknown>>> {
  const { status, body } = await callApi(method, url, call);
  if (status < 200 || status > 299) throw new Error(`${method} ${url}: ${status} ${JSON.stringify(body)}`);
  return body;
}
