import type { ReactElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { render } from 'react-email';
import { writeHtml } from './html-writer.ts';

const DOCTYPE =
  '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">';

/**
 * `written` is our own writer, which knows what mails are made of; `static` is React's, which takes no suspense;
 * `stream` is react-email's own and several times as slow.
 */
export type RenderPath = 'written' | 'static' | 'stream';

/** `text` is null where it has to be read from the html. */
export type RenderedHtml = { html: string; text: string | null };

/**
 * Renders like react-email's `render`, up to React's own comments; null when our own writer is not certain to. Throws
 * what the template or React throws.
 */
export async function renderHtml(element: ReactElement, path: RenderPath): Promise<RenderedHtml | null> {
  if (path === 'stream') return { html: await render(element), text: null };
  if (path === 'static') return { html: toDocument(renderToStaticMarkup(element)), text: null };
  const written = writeHtml(element);
  if (written === null) return null;
  const { html, text, hasForeignTags } = written;
  return hasForeignTags ? { html: toDocument(html), text: null } : { html: DOCTYPE + html, text };
}

function toDocument(html: string): string {
  return DOCTYPE + withoutImagePreloads(html).replace(/<!DOCTYPE.*?>/, '');
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
