/** Props may have 256 KB, and come with little else. */
const MAX_BYTES = 1024 * 1024;

/** A request's JSON; null where it is none, or too long. */
export async function readJson(request: Request): Promise<unknown> {
  if (Number(request.headers.get('content-length') ?? MAX_BYTES + 1) > MAX_BYTES) return null;
  try {
    return await request.json();
  } catch {
    return null;
  }
}
