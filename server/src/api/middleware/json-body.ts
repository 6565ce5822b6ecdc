import { ApiError } from '../problem.ts';

/**
 * Reads a JSON body of at most `maxBytes`, whether its length was declared or not, and refuses text that the database
 * could not keep.
 *
 * @throws ApiError `unsupported_media_type`, `body_too_large`, `invalid_json` or `invalid_request`
 */
export async function readJsonBody(request: Request, maxBytes: number): Promise<unknown> {
  // RFC 9110 section 9.3.5 gives the body of a DELETE no meaning, and few callers send one
  if (request.method === 'DELETE') return undefined;
  const contentType = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (contentType !== 'application/json') {
    throw new ApiError(
      'unsupported_media_type',
      'Send the body as JSON, with "Content-Type: application/json".',
    );
  }
  const value = parseJson(await readBytes(request, maxBytes));
  const path = findUnstorable(value);
  if (path !== null) {
    throw new ApiError('invalid_request', 'A text holds a character that cannot be kept.', {
      errors: [{ path, message: 'must not hold NUL or half of a surrogate pair' }],
    });
  }
  return value;
}

async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const chunks: Uint8Array[] = [];
  let size = 0;
  // A chunked body has no length to check beforehand: it is counted as it comes, and left where it is too long.
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size);
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

/** PostgreSQL keeps neither NUL nor lone surrogates. Walks without recursion, so that depth cannot overflow the stack. */
function findUnstorable(root: unknown): string | null {
  const open: { value: unknown; path: string }[] = [{ value: root, path: '' }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, path } = next;
    if (typeof value === 'string' && !isStorable(value)) return path;
    if (value === null || typeof value !== 'object') continue;
    for (const [key, child] of Object.entries(value)) {
      if (!isStorable(key)) return path;
      open.push({ value: child, path: `${path}/${key}` });
    }
  }
  return null;
}

function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}
