import type { ReactElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { render } from 'react-email';

const DOCTYPE =
  '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">';

/** `static` takes no suspense and is several times as fast; `stream` is react-email's own. */
export type RenderPath = 'static' | 'stream';

/** Renders like react-email's `render`; `static` differs from it by React's own comments. Throws what React throws. */
export async function renderHtml(element: ReactElement, path: RenderPath): Promise<string> {
  if (path === 'stream') return render(element);
  const html = withoutImagePreloads(renderToStaticMarkup(element));
  return DOCTYPE + html.replace(/<!DOCTYPE.*?>/, '');
}

/** React announces every image to browsers; no mail client listens. The rule is react-email's. */
function withoutImagePreloads(html: string): string {
  return html.replace(/<link\b[^>]*\/?>/gi, (tag) => (isImagePreload(tag) ? '' : tag));
}

const ATTRIBUTE = /([a-z][a-z0-9-]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/gi;

function isImagePreload(tag: string): boolean {
  const attributes = new Map<string, string>();
  for (const [, name = '', double, single, bare] of tag.slice('<link'.length).matchAll(ATTRIBUTE)) {
    attributes.set(name.toLowerCase(), double ?? single ?? bare ?? '');
  }
  return attributes.get('rel') === 'preload' && attributes.get('as') === 'image';
}
