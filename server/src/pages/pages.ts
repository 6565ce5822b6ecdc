import { bundlePages, type Features, type PageBundle, type PageFile, type PartName } from '@org/web';
import { findForeign } from '../lib/http/local-request.ts';
import { isFrameAsked, framesPath } from './mail-frame.ts';
import { refusal } from './refusal.ts';

/** A part of the pages with what answers it: everything below `/ui/<name>/`. */
export type PagePart = {
  name: PartName;
  /**
   * Null where there is no such thing. `path` is what comes after `/ui/<name>/`; a request for `/ui/frames/<name>/x`, where
   * mails for frames are, has `frames/x`.
   */
  handle(request: Request, path: string): Promise<Response | null>;
  /** Ends its streams and what runs behind them. */
  stop(): Promise<void>;
};

/** The pages for the person at this machine. */
export type Pages = {
  /** Null for what is none of theirs. */
  handle(request: Request): Promise<Response | null>;
  stop(): Promise<void>;
};

type PagesOptions = { parts: readonly PagePart[]; bundle?: () => Promise<PageBundle> };

const PAGE = /^\/(?:preview|inbox|messages)(?:\/|$)/;
const ASSET_PREFIX = '/ui/assets/';
const SAFE_METHODS = new Set(['GET', 'HEAD']);

/**
 * Serves the pages of `parts`. They are bundled when the first is asked for, and kept.
 *
 * Nobody else's page reaches them: requests name a loopback host, come from no other origin, and those that change
 * something carry a header that only a page of ours can send without asking first.
 */
export function createPages({ parts, bundle = bundlePages }: PagesOptions): Pages {
  const bundled = keptOnce(bundle);
  const names = parts.map(({ name }) => name);
  const answer = async (request: Request, path: string): Promise<Response | null> => {
    if (path.startsWith(ASSET_PREFIX)) {
      const file = (await bundled()).files.get(path.slice(ASSET_PREFIX.length));
      return file ? toAsset(file, request) : null;
    }
    if (PAGE.test(path)) return toDocument(await bundled(), request, names);
    const [, frames = '', name, rest = ''] = /^\/ui\/(frames\/)?([a-z]+)\/(.*)$/.exec(path) ?? [];
    return parts.find((part) => part.name === name)?.handle(request, frames + rest) ?? null;
  };
  return {
    async handle(request) {
      const path = new URL(request.url).pathname;
      if (path === '/') return Response.redirect(`/${names[0] ?? ''}`, 302);
      if (!path.startsWith('/ui/') && !PAGE.test(path)) return null;
      const refused = findRefusal(request, path);
      if (refused) return refused;
      const response = await answer(request, path);
      return withSafety(response ?? refusal('not_found', 'There is no such thing.'));
    },
    async stop() {
      await Promise.all(parts.map((part) => part.stop()));
    },
  };
}

function findRefusal(request: Request, path: string): Response | null {
  const foreign = findForeign(request);
  if (foreign !== null) return refusal(foreign, 'These pages are for this machine alone.');
  const site = request.headers.get('sec-fetch-site') ?? 'none';
  // Also what another origin would only include, an image or a script; pages themselves may be linked to.
  const isOwn = site === 'same-origin' || site === 'none' || PAGE.test(path);
  const isAllowed = SAFE_METHODS.has(request.method) || request.headers.get('x-mail-pages') === '1';
  if (isOwn && isAllowed) return null;
  return refusal('origin_not_allowed', 'Only these pages themselves may ask for that.');
}

function toDocument(bundle: PageBundle, request: Request, parts: readonly PartName[]): Response {
  const styleNonce = crypto.randomUUID();
  const features: Features = { parts, styleNonce };
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Mail</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${ASSET_PREFIX}${bundle.style}">
<script type="application/json" id="features">${JSON.stringify(features).replaceAll('<', '\\u003c')}</script>
<script type="module" src="${ASSET_PREFIX}${bundle.script}"></script>
</head>
<body><div id="app"></div></body>
</html>
`;
  return new Response(html, {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': toPolicy(new URL(request.url).origin, styleNonce),
    },
  });
}

/** Frames show mail and nothing else, whatever a link in a mail says. */
function toPolicy(origin: string, styleNonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${styleNonce}'`,
    "connect-src 'self'",
    "img-src 'self' data:",
    `frame-src ${origin}${framesPath}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

function toAsset({ type, body, gzipped }: PageFile, request: Request): Response {
  const isGzip = /\bgzip\b/.test(request.headers.get('accept-encoding') ?? '');
  return new Response(isGzip ? gzipped : body, {
    headers: {
      'content-type': type,
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'accept-encoding',
      ...(isGzip ? { 'content-encoding': 'gzip' } : {}),
    },
  });
}

function withSafety(response: Response): Response {
  const { headers } = response;
  headers.set('x-content-type-options', 'nosniff');
  headers.set('referrer-policy', 'no-referrer');
  headers.set('cross-origin-resource-policy', 'same-origin');
  if (!isFrameAsked(response)) headers.set('x-frame-options', 'DENY');
  return response;
}

function keptOnce<T>(make: () => Promise<T>): () => Promise<T> {
  let kept: Promise<T> | null = null;
  return async () => {
    kept ??= make();
    try {
      return await kept;
    } catch (error) {
      kept = null;
      throw error;
    }
  };
}
