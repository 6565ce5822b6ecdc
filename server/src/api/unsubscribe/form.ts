import { ApiError } from '../problems/problem.ts';

/** The one field that RFC 8058 knows, in either encoding of a form, is far smaller. */
const MAX_BYTES = 4096;

/**
 * Reads the form that a one-click unsubscribe is posted as.
 *
 * @throws ApiError `body_too_large` or `unsupported_media_type`
 */
export async function readUnsubscribeForm(request: Request): Promise<FormData> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_BYTES) throw new ApiError('body_too_large', `A body may have ${MAX_BYTES} bytes here.`);
    chunks.push(chunk);
  }
  try {
    const headers = { 'content-type': request.headers.get('content-type') ?? '' };
    return await new Response(Buffer.concat(chunks), { headers }).formData();
  } catch {
    throw new ApiError('unsupported_media_type', 'Send a form with List-Unsubscribe=One-Click.');
  }
}

/** True for the form of a one-click unsubscribe. */
export function parseOneClick(body: unknown): boolean {
  return body instanceof FormData && body.get('List-Unsubscribe') === 'One-Click';
}
