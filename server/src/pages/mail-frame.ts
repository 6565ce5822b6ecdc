/** Below it are the documents that the pages show in frames; their policy lets frames go nowhere else. */
export const framesPath = '/ui/frames/';

/** How a mail is shown: never what it does. */
export type MailFrameOptions = {
  /** Whether images of the network may be loaded: by https, which no server of this machine has. Those inside of the mail always are. */
  hasImages: boolean;
  /** `dark` answers the mail's own media queries, `forced` turns its colours as some clients do to any mail. */
  scheme: 'light' | 'dark' | 'forced';
};

/**
 * A mail's HTML as a document for a frame of the pages. It is hostile: nothing in it runs, submits, opens, navigates the page
 * or is fetched from this server. The frame's own `sandbox` attribute says the same; this holds also where the document is
 * opened by itself. It keeps the origin, without which the page could not keep the place that it was scrolled to; what has an
 * origin but no script does nothing with it.
 */
export function toMailFrame(html: string, { hasImages, scheme }: MailFrameOptions): Response {
  const remote = hasImages ? ' https:' : '';
  const policy = [
    'sandbox allow-same-origin',
    "default-src 'none'",
    `style-src 'unsafe-inline'${remote}`,
    `img-src data: cid:${remote}`,
    `font-src data:${remote}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
  ].join('; ');
  return new Response(withScheme(html, scheme), {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
      'x-dns-prefetch-control': 'off',
      'cache-control': 'no-store',
    },
  });
}

/** Whether a response is a document for a frame. */
export function isFrameAsked(response: Response): boolean {
  return response.headers.get('content-security-policy')?.includes("frame-ancestors 'self'") === true;
}

const PREFERS = /\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)/gi;
const FORCED =
  '<style>html{background:#fff;filter:invert(1) hue-rotate(180deg)}img,video,svg,[background]{filter:invert(1) hue-rotate(180deg)}</style>';

/** Browsers cannot be told a frame's colour scheme everywhere; a query that is always or never true can. */
function withScheme(html: string, scheme: MailFrameOptions['scheme']): string {
  const wanted = scheme === 'dark' ? 'dark' : 'light';
  const settled = html.replace(PREFERS, (_, asked: string) =>
    asked.toLowerCase() === wanted ? '(min-width:0)' : '(max-width:0)',
  );
  return scheme === 'forced' ? settled + FORCED : settled;
}
