/** The server's refusal: `code` for programs, `message` for people. */
export class ApiFailure extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'ApiFailure';
  }
}

/** A page of another origin cannot send it without asking first, and the server refuses to be asked. */
const OWN_HEADER = { 'x-mail-pages': '1' };

export type CallOptions = { method?: string; body?: unknown; signal?: AbortSignal };

/**
 * Calls the server that served this page, whose answers have the types that it declares for them.
 *
 * @throws ApiFailure, with code `unreachable` where nothing answers
 */
export async function call<T>(path: string, { method, body, signal }: CallOptions = {}): Promise<T> {
  const response = await send(path, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { ...OWN_HEADER, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  });
  if (response.ok) return response.json();
  throw await toFailure(response);
}

async function send(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiFailure(0, 'unreachable', 'The server does not answer. Was it stopped?');
  }
}

async function toFailure(response: Response): Promise<ApiFailure> {
  try {
    const { code, detail } = await response.json();
    return new ApiFailure(response.status, String(code), String(detail));
  } catch {
    return new ApiFailure(response.status, 'unknown', `The server answered ${response.status}.`);
  }
}
