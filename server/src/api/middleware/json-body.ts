import { ApiError, type ProblemDetail } from '../problem.ts';

/**
 * Reads a JSON body of at most `maxBytes`, whether its length was declared or not, and refuses text that the database
 * could not keep.
 *
 * @throws ApiError `unsupported_media_type`, `body_too_large`, `invalid_json` or `invalid_request`
 */
export async function readJsonBody(request: Request, maxBytes: number): Promise<unknown> {
  // RFC 9110 section 9.3.5 gives the body of a DELETE no meaning, and few callers send one
  if (request.method === 'DELETE') return undefined;
  // Some POSTs say it all with their path; whoever expects a body refuses null by its schema.
  if (request.body === null) return null;
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
  const value = parseJson(await readBytes(request, maxBytes));
  const problem = findUnstorable(value);
  if (problem) throw new ApiError('invalid_request', 'The body cannot be kept.', { errors: [problem] });
  return value;
}

/**
 * Reads a body of at most `maxBytes` as it is.
 *
 * @throws ApiError `body_too_large`, or `invalid_json` where it did not arrive whole
 */
export async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const chunks: Uint8Array[] = [];
  let size = 0;
  // A chunked body has no length to check beforehand: it is counted as it comes, and left where it is too long.
  for await (const chunk of wholeBody(request)) {
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size);
}

/** A caller that hangs up in the middle has made no error of ours. */
async function* wholeBody(request: Request): AsyncGenerator<Uint8Array> {
  try {
    yield* request.body ?? [];
  } catch {
    throw new ApiError('invalid_json', 'The body did not arrive whole.');
  }
}

function tooLarge(maxBytes: number): ApiError {
  return new ApiError('body_too_large', `A body may have ${maxBytes} bytes at most.`);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new ApiError(
      'invalid_json',
      'The body is not JSON in UTF-8. Check for a missing quote, bracket or comma.',
    );
  }
}

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
