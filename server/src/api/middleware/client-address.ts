const addresses = new WeakMap<Request, string>();

/** Notes where a request's connection comes from; the framework does not carry it. */
export function noteAddress(request: Request, address: string | undefined): void {
  if (address !== undefined) addresses.set(request, address);
}

/**
 * The address a request comes from. Behind a proxy that is the last one in X-Forwarded-For, which the proxy itself wrote;
 * those before it, and all of them where no proxy is trusted, are whatever the caller likes.
 */
export function addressOf(request: Request, { isProxyTrusted }: { isProxyTrusted: boolean }): string {
  const forwarded = isProxyTrusted ? request.headers.get('x-forwarded-for') : null;
  return forwarded?.split(',').at(-1)?.trim() || (addresses.get(request) ?? 'unknown');
}
