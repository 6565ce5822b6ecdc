import { ApiError } from '../problem.ts';

/**
 * Refuses a path whose percent signs are no encoding of UTF-8, before the router makes `null` of such a parameter: handlers rely on
 * texts.
 *
 * @throws ApiError `not_found`
 */
export function assertDecodablePath({ url }: Request): void {
  if (!url.includes('%')) return;
  const [path = ''] = url.split('?', 1);
  try {
    decodeURIComponent(path);
  } catch {
    throw new ApiError('not_found', 'The path is not an encoding of UTF-8.');
  }
}
