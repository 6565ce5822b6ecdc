export type HttpRequest = {
  method: string;
  url: string;
  headers: Readonly<Record<string, string>>;
  body: Uint8Array;
};

export type HttpAnswer = {
  kind: 'answered';
  status: number;
  headers: Headers;
  /** Text of the answer, cut at `maxAnswerBytes`. */
  body: string;
  /** False where the answer was cut, by us or by a lost connection. */
  isWhole: boolean;
};

/**
 * - `unreachable`: no byte of the request's body left, so nothing can have been taken.
 * - `lost`: the body was let go and no answer came back: nobody knows.
 */
export type HttpExchange =
  | HttpAnswer
  | { kind: 'unreachable'; reason: string }
  | { kind: 'lost'; reason: string };

export type HttpExchangeOptions = {
  /** Called when the connection stands and the body is asked for, before its first byte. */
  onHandOver: () => Promise<void>;
  signal: AbortSignal;
  /** Answers are a few hundred bytes; whatever is larger is no answer to us. 64 KiB by default. */
  maxAnswerBytes?: number;
};

type HandOver = {
  state: 'not_asked' | 'recording' | 'handed_over' | 'refused';
  /** Once set, the body stays here. */
  isCalledOff: boolean;
  recorded: Promise<unknown>;
  error: unknown;
};

/**
 * Makes one request. The body is a stream although it is all there: the runtime asks for it only after the connection
 * (and TLS) stands and the request's head is out, which is the last moment before bytes of the message leave, and tells
 * a provider that cannot be reached from one that went away with the message in hand.
 *
 * A request is repeated only where a connection kept from before was dead and the body had not been asked for.
 *
 * @throws what `onHandOver` throws, unchanged; the body stays here then
 */
export async function exchange(request: HttpRequest, options: HttpExchangeOptions): Promise<HttpExchange> {
  const first = await attempt(request, options);
  const { result } = first.isStale && !options.signal.aborted ? await attempt(request, options) : first;
  return result;
}

/** Stale: a lost connection before the body was asked for, which one that was kept from before may well be. */
type Attempt = { result: HttpExchange; isStale: boolean };

async function attempt(request: HttpRequest, options: HttpExchangeOptions): Promise<Attempt> {
  const { signal, maxAnswerBytes = 64 * 1024 } = options;
  if (signal.aborted) return { result: { kind: 'unreachable', reason: 'aborted' }, isStale: false };
  const handOver: HandOver = {
    state: 'not_asked',
    isCalledOff: false,
    recorded: Promise.resolve(),
    error: null,
  };
  try {
    const response = await fetch(request.url, {
      method: request.method,
      headers: { ...request.headers, 'content-length': String(request.body.length) },
      body: toStream(request.body, handOver, options),
      redirect: 'manual',
      signal,
    });
    // Some refuse before they have read the body; no checkpoint may be written after the outcome.
    await handOver.recorded;
    return { result: await readAnswer(response, maxAnswerBytes), isStale: false };
  } catch (error) {
    handOver.isCalledOff = true;
    await handOver.recorded;
    if (handOver.state === 'refused') throw handOver.error;
    const reason = signal.aborted ? 'aborted' : describe(error);
    return handOver.state === 'handed_over'
      ? { result: { kind: 'lost', reason: `${reason} after the hand-over` }, isStale: false }
      : {
          result: { kind: 'unreachable', reason },
          isStale: handOver.state === 'not_asked' && codeOf(error) === 'ECONNRESET',
        };
  }
}

function toStream(
  body: Uint8Array,
  handOver: HandOver,
  { onHandOver, signal }: HttpExchangeOptions,
): ReadableStream<Uint8Array> {
  async function letGo(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    try {
      await onHandOver();
    } catch (error) {
      handOver.state = 'refused';
      handOver.error = error;
      throw error;
    }
    if (handOver.isCalledOff || signal.aborted) return;
    handOver.state = 'handed_over';
    controller.enqueue(body);
    controller.close();
  }
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        handOver.state = 'recording';
        const letting = letGo(controller);
        handOver.recorded = Promise.allSettled([letting]);
        await letting;
      },
      // The connection went while the hand-over was being recorded: nothing may be let go any more.
      cancel() {
        handOver.isCalledOff = true;
      },
    },
    { highWaterMark: 0 },
  );
}

async function readAnswer(response: Response, maxBytes: number): Promise<HttpAnswer> {
  const chunks: Uint8Array[] = [];
  const isWhole = await readUpTo(response, maxBytes, chunks);
  return {
    kind: 'answered',
    status: response.status,
    headers: response.headers,
    body: new TextDecoder().decode(Buffer.concat(chunks)),
    isWhole,
  };
}

/** The status line has arrived, so that whatever happens to the rest is not an error any more. */
async function readUpTo(response: Response, maxBytes: number, chunks: Uint8Array[]): Promise<boolean> {
  let size = 0;
  try {
    // A compressed answer is unpacked piece by piece, so that its real size is what is counted here.
    for await (const chunk of response.body ?? []) {
      const rest = maxBytes - size;
      chunks.push(chunk.subarray(0, rest));
      size += chunk.length;
      if (size > maxBytes) return false;
    }
    return true;
  } catch {
    return false;
  }
}

function describe(error: unknown): string {
  const code = codeOf(error);
  const words = (error instanceof Error ? error.message : String(error)).split('.')[0] ?? '';
  return code === '' || words.startsWith(code) ? words : `${code}: ${words}`;
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}
