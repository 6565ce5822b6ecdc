import { createHash, timingSafeEqual } from 'node:crypto';

/** True where a request shows this token as `Authorization: Bearer ...`; compared without telling how much of it was right. */
export function isBearer(request: Request, token: string): boolean {
  const [scheme = '', shown = ''] = (request.headers.get('authorization') ?? '').split(' ', 2);
  return scheme.toLowerCase() === 'bearer' && timingSafeEqual(digest(shown), digest(token));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
