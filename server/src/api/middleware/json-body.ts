import { ApiError, type ProblemDetail } from '../problems/problem.ts';

export type BodyLimits = {
  maxBytes: number;
  /** A larger limit for bodies that hold this text: whatever does not is refused above `maxBytes`, before it is parsed. */
  extended?: { maxBytes: number; holding: string };
  /** Told of bytes before they are kept; throws where there is no room for them. */
  onBytes?: (bytes: number) => void;
};

/**
 * Reads a JSON body of at most so many bytes, whether its length was declared or not, and refuses text that the database
 * could not keep.
 *
 * @throws ApiError `unsupported_media_type`, `body_too_large`, `invalid_json` or `invalid_request`
 */
export async function readJsonBody(request: Request, limits: BodyLimits): Promise<unknown> {
  // RFC 9110 section 9.3.5 gives the body of a DELETE no meaning, and few callers send one. Not undefined, by which the framework would
  // take it for unread and parse it by itself.
  if (request.method === 'DELETE') return null;
  // Some POSTs say it all with their path; whoever expects a body refuses null by its schema.
  if (hasNoBody(request)) return null;
  const contentType = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (contentType !== 'application/json') {
    throw new ApiError(
      'unsupported_media_type',
      'Send the body as JSON, with "Content-Type: application/json".',
    );
  }
  if ((request.headers.get('content-encoding') ?? 'identity') !== 'identity') {
    throw new ApiError('unsupported_media_type', 'Send the body as it is: compressed bodies are not read.');
  }
  const bytes = await readBytes(request, limits);
  assertExtended(bytes, limits);
  const text = decode(bytes);
  const value = parseJson(text);
  const problem = isPlain(text) ? null : findUnstorable(value);
  if (problem) throw new ApiError('invalid_request', 'The body cannot be kept.', { errors: [problem] });
  return value;
}

function hasNoBody({ body, headers }: Request): boolean {
  if (body === null) return true;
  const isUndeclared = !headers.has('content-type') && !headers.has('transfer-encoding');
  return isUndeclared && (headers.get('content-length') ?? '0') === '0';
}

/**
 * Reads a body as it is.
 *
 * @throws ApiError `body_too_large`, or `invalid_json` where it did not arrive whole
 */
export async function readBytes(
  request: Request,
  { maxBytes, extended, onBytes }: BodyLimits,
): Promise<Uint8Array> {
  const largest = Math.max(maxBytes, extended?.maxBytes ?? 0);
  const declared = Number(request.headers.get('content-length') ?? 0);
  if (declared > largest) throw tooLarge(largest);
  onBytes?.(declared);
  // A declared length is the server's to hold to: the whole is read at once, which costs far less than its pieces.
  if (declared > 0 && !request.headers.has('transfer-encoding')) return readWhole(request, largest);
  const chunks: Uint8Array[] = [];
  let size = 0;
  // A chunked body has no length to check beforehand: it is counted as it comes, and left where it is too long.
  for await (const chunk of wholeBody(request)) {
    size += chunk.byteLength;
    if (size > largest) throw tooLarge(largest);
    onBytes?.(chunk.byteLength);
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size);
}

async function readWhole(request: Request, maxBytes: number): Promise<Uint8Array> {
  try {
    const bytes = await request.bytes();
    if (bytes.byteLength <= maxBytes) return bytes;
  } catch {
    throw new ApiError('invalid_json', 'The body did not arrive whole.');
  }
  throw tooLarge(maxBytes);
}

function assertExtended(bytes: Uint8Array, { maxBytes, extended }: BodyLimits): void {
  if (bytes.byteLength <= maxBytes || !extended) return;
  const { buffer, byteOffset, byteLength } = bytes;
  if (!Buffer.from(buffer, byteOffset, byteLength).includes(extended.holding)) throw tooLarge(maxBytes);
}

/** A caller that hangs up in the middle has made no error of ours. */
async function* wholeBody(request: Request): AsyncGenerator<Uint8Array> {
  try {
    yield* request.body ?? [];
  } catch {
    throw new ApiError('invalid_json', 'The body did not arrive whole.');
  }
}

/** The answer to a body over its limit. */
export function tooLarge(maxBytes: number): ApiError {
  return new ApiError('body_too_large', `A body may have ${maxBytes} bytes at most.`);
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw notJson();
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw notJson();
  }
}

function notJson(): ApiError {
  return new ApiError(
    'invalid_json',
    'The body is not JSON in UTF-8. Check for a missing quote, bracket or comma.',
  );
}

/**
 * True for most bodies, which then need not be walked: valid UTF-8 holds half a surrogate pair, and JSON a NUL, only as an escape; and
 * what has few brackets is not deep.
 */
function isPlain(text: string): boolean {
  if (text.includes('\\u') || text.includes(`"${TEXT_OF_OBJECT}"`)) return false;
  return countUpTo(text, '{') + countUpTo(text, '[') < MAX_DEPTH;
}

function countUpTo(text: string, bracket: string): number {
  let count = 0;
  for (let at = text.indexOf(bracket); at !== -1 && count < MAX_DEPTH; at = text.indexOf(bracket, at + 1))
    count += 1;
  return count;
}

/** Who puts an object with this field of its own into a text gets an error instead, as the framework does when it refuses a body. */
const TEXT_OF_OBJECT = 'toString';

/** Deeper than any honest props, and shallow enough for whatever walks them later by recursion. */
const MAX_DEPTH = 100;

/**
 * The first place that could not be stored: PostgreSQL keeps neither NUL nor lone surrogates. Walks without recursion, so that depth
 * cannot overflow the stack.
 */
export function findUnstorable(root: unknown): ProblemDetail | null {
  const open: { value: unknown; path: string; depth: number }[] = [{ value: root, path: '', depth: 0 }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, path, depth } = next;
    if (typeof value === 'string' && !isStorable(value)) return unstorable(path);
    if (value === null || typeof value !== 'object') continue;
    if (depth >= MAX_DEPTH) return { path, message: `must not be nested deeper than ${MAX_DEPTH} levels` };
    for (const [key, child] of Object.entries(value)) {
      if (!isStorable(key)) return unstorable(path);
      if (key === TEXT_OF_OBJECT) return { path: `${path}/${key}`, message: 'must have another name' };
      open.push({ value: child, path: `${path}/${key}`, depth: depth + 1 });
    }
  }
  return null;
}

function unstorable(path: string): ProblemDetail {
  return { path, message: 'must not hold NUL or half of a surrogate pair' };
}

function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}
