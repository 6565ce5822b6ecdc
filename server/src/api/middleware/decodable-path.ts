import { ApiError } from '../problems/problem.ts';

/**
 * Refuses a path whose percent signs are no encoding of UTF-8, before the router makes `null` of such a parameter: handlers rely on
 * texts. And one with NUL, which the database refuses even in a question.
 *
 * @throws ApiError `not_found`
 */
export function assertDecodablePath({ url }: Request): void {
  if (!url.includes('%')) return;
  const [path = ''] = url.split('?', 1);
  if (decode(path).includes('\0')) throw new ApiError('not_found', 'Nothing has NUL in its name.');
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new ApiError('not_found', 'The path is not an encoding of UTF-8.');
  }
}
