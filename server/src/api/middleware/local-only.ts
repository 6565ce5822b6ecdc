import { ApiError } from '../problem.ts';

const LOOPBACK_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i;

/**
 * The DEV role holds keys and mail of the person at this machine. A web page must not reach it by a name that resolves to
 * loopback (DNS rebinding shows in Host) nor by a request of its own (Origin).
 *
 * @throws ApiError `host_not_allowed` or `origin_not_allowed`
 */
export function assertLocal(request: Request): void {
  const host = request.headers.get('host') ?? '';
  if (!LOOPBACK_HOST.test(host)) {
    throw new ApiError('host_not_allowed', 'The DEV role answers for localhost, 127.0.0.1 and [::1] only.');
  }
  const origin = request.headers.get('origin');
  if (origin === null) return;
  if (origin !== `http://${host}`) {
    throw new ApiError(
      'origin_not_allowed',
      'The DEV role refuses requests that a page of another origin makes.',
    );
  }
}
