const LOOPBACK_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i;

/**
 * Why a request is not from the person at this machine: a web page that reached us by a name that resolves to loopback (DNS
 * rebinding shows in Host), or by a request of its own (Origin). Null where nothing speaks against it.
 */
export function findForeign(request: Request): 'host_not_allowed' | 'origin_not_allowed' | null {
  const host = request.headers.get('host') ?? '';
  if (!LOOPBACK_HOST.test(host)) return 'host_not_allowed';
  const origin = request.headers.get('origin');
  return origin === null || origin === `http://${host}` ? null : 'origin_not_allowed';
}
