import { createHash } from 'node:crypto';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as HTML that shows exactly it, in content as in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** A sentence in which backquotes mark code. */
export function toInlineHtml(text: string): string {
  return escapeHtml(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
}

const STYLE = `
:root{color-scheme:light dark;--line:#8884;--soft:#8881;--link:light-dark(#0a58ca,#7ab4ff)}
*{box-sizing:border-box}
body{margin:0;font:15px/1.55 system-ui,sans-serif;display:grid;grid-template-columns:18rem minmax(0,1fr)}
nav{position:sticky;top:0;height:100vh;overflow:auto;padding:1rem;border-right:1px solid var(--line);font-size:13px}
nav ul{list-style:none;margin:0 0 1rem;padding:0}nav li{margin:.15rem 0}nav b{display:block;margin:.8rem 0 .2rem}
main{padding:1rem 2rem 4rem;max-width:60rem}
a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}
section{border-top:1px solid var(--line);padding:.5rem 0 1rem}
h2{margin:1rem 0 .3rem;font-size:1.15rem}h3{margin:1rem 0 .3rem;font-size:.95rem}
code,pre{font:13px/1.45 ui-monospace,monospace}pre{background:var(--soft);padding:.7rem;overflow:auto;border-radius:6px;margin:.3rem 0}
table{border-collapse:collapse;width:100%;font-size:14px}td,th{text-align:left;vertical-align:top;padding:.25rem .6rem .25rem 0;border-bottom:1px solid var(--line)}
.method{display:inline-block;min-width:3.6rem;font:600 12px ui-monospace,monospace;text-transform:uppercase}
.get{color:light-dark(#0a7d33,#5fd38a)}.post{color:light-dark(#0a58ca,#7ab4ff)}.put,.patch{color:light-dark(#9a6700,#e3b341)}.delete{color:light-dark(#b42318,#ff8a80)}
summary{cursor:pointer}small{font-weight:400;opacity:.7}
@media(max-width:50rem){body{display:block}nav{position:static;height:auto;max-height:14rem;border-right:0;border-bottom:1px solid var(--line)}main{padding:1rem}}
`;

/** A whole page without scripts; everything that it needs is in it. */
export function toPage({ title, nav, main }: { title: string; nav: string; main: string }): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${STYLE}</style></head>
<body><nav>${nav}</nav><main>${main}</main></body></html>
`;
}

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** Nothing but the page's own style: neither scripts, nor other servers, nor frames. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};
