/** A tag as `scanHtml` reads it; attributes are the few that matter to text. */
export type Tag = {
  name: string;
  href: string | undefined;
  start: string | undefined;
  type: string | undefined;
  isSkipped: boolean;
};

export type HtmlHandler = {
  /** Returns false to give up. */
  open(tag: Tag): boolean;
  close(name: string): boolean;
  text(text: string): boolean;
};

/** Elements whose text is no mark-up and that no text shows. */
const RAW_TEXT = new Set(['script', 'style']);
/** Elements that change the parser's rules in ways that mails have no use for. */
const UNUSUAL = new Set(
  'textarea iframe noembed noframes plaintext xmp svg math select option optgroup datalist'.split(' '),
);

const NAME = /[a-z][a-z0-9]*(?=[\s/>])/y;
const CLOSE = /<\/([a-z][a-z0-9]*)>/y;
const EVERYWHERE = ['data-skip-in-text', 'data-text-format'];
const ATTRIBUTES: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['a', new Set(['href', ...EVERYWHERE])],
  ['ol', new Set(['start', 'type', ...EVERYWHERE])],
]);
const OTHER_ATTRIBUTES: ReadonlySet<string> = new Set(EVERYWHERE);
const MIN_NAME_LENGTH = 16;

/**
 * Reads the html that React writes, in one pass. False when it meets anything else (attributes without quotes, a
 * stray `<`, an unknown entity): then only a whole html parser knows what is meant.
 */
export function scanHtml(html: string, handler: HtmlHandler): boolean {
  let at = 0;
  while (at < html.length) {
    const next = html.indexOf('<', at);
    const end = next < 0 ? html.length : next;
    if (end > at) {
      const text = decodeEntities(html.slice(at, end));
      if (text === null || !handler.text(text)) return false;
    }
    if (next < 0) return true;
    at = scanMarkup(html, next, handler);
    if (at < 0) return false;
  }
  return true;
}

/** The end of the tag, comment or declaration that begins here; -1 to give up. */
function scanMarkup(html: string, at: number, handler: HtmlHandler): number {
  const unit = html.charCodeAt(at + 1);
  if (unit === 33) return scanDeclaration(html, at);
  if (unit !== 47) return scanOpenTag(html, at, handler);
  CLOSE.lastIndex = at;
  const name = CLOSE.exec(html)?.[1];
  return name !== undefined && handler.close(name) ? CLOSE.lastIndex : -1;
}

function scanDeclaration(html: string, at: number): number {
  if (!html.startsWith('<!--', at)) {
    const end = /^<!doctype[^>]*>/i.exec(html.slice(at, at + 200));
    return end === null ? -1 : at + end[0].length;
  }
  if (html.startsWith('>', at + 4) || html.startsWith('->', at + 4)) return -1;
  const end = html.indexOf('-->', at + 4);
  if (end < 0) return -1;
  return html.slice(at + 4, end).includes('--!>') ? -1 : end + 3;
}

function scanOpenTag(html: string, at: number, handler: HtmlHandler): number {
  NAME.lastIndex = at + 1;
  const name = NAME.exec(html)?.[0];
  if (name === undefined || UNUSUAL.has(name)) return -1;
  const tag: Tag = { name, href: undefined, start: undefined, type: undefined, isSkipped: false };
  const end = scanAttributes(html, NAME.lastIndex, tag);
  if (end < 0 || !handler.open(tag)) return -1;
  if (!RAW_TEXT.has(name)) return end;
  const close = html.indexOf(`</${name}>`, end);
  const other = html.slice(end, close).toLowerCase().includes(`</${name}`);
  if (close < 0 || other || !handler.close(name)) return -1;
  return close + name.length + 3;
}

/** Reads up to the tag's end; -1 for what React does not write. */
function scanAttributes(html: string, from: number, tag: Tag): number {
  const attributes = ATTRIBUTES.get(tag.name) ?? OTHER_ATTRIBUTES;
  let nameStart = from;
  for (let at = from; at < html.length;) {
    const unit = html.charCodeAt(at);
    if (unit === 62) return at + 1;
    if (unit === 47) {
      // `<br/>` is fine, a self-closed `<div/>` is an open one to a parser
      return html.charCodeAt(at + 1) === 62 && isVoid(tag.name) ? at + 2 : -1;
    }
    if (unit === 39 || unit === 60 || unit === 34) return -1;
    if (unit === 61) {
      const end = html.charCodeAt(at + 1) === 34 ? html.indexOf('"', at + 2) : -1;
      if (end < 0 || at === nameStart) return -1;
      // most attributes are styles: neither their names nor their values are worth a copy
      const isCandidate = attributes !== OTHER_ATTRIBUTES || at - nameStart >= MIN_NAME_LENGTH;
      const name = isCandidate ? html.slice(nameStart, at).toLowerCase() : '';
      if (attributes.has(name) && !readAttribute(tag, name, html.slice(at + 2, end))) return -1;
      at = end + 1;
      nameStart = at;
      continue;
    }
    at += 1;
    if (unit === 32) nameStart = at;
    else if (unit < 32) return -1;
  }
  return -1;
}

function readAttribute(tag: Tag, name: string, value: string): boolean {
  const decoded = decodeEntities(value);
  if (decoded === null || name === 'data-text-format') return false;
  if (name === 'href') tag.href ??= decoded;
  else if (name === 'start') tag.start ??= decoded;
  else if (name === 'type') tag.type ??= decoded;
  else tag.isSkipped = decoded === 'true';
  return true;
}

const VOID = new Set('area base br col embed hr img input link meta param source track wbr'.split(' '));

/** Whether an element has no end tag. */
export function isVoid(name: string): boolean {
  return VOID.has(name);
}

const ENTITY = /&(?:(amp|lt|gt|quot|nbsp)|#x([0-9a-f]{1,4})|#([0-9]{1,5}));|&/gi;
const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', nbsp: '\u00a0' };

/** Decodes what React writes and mails use; null for any other `&`. */
function decodeEntities(text: string): string | null {
  if (!text.includes('&')) return text;
  let isKnown = true;
  const decoded = text.replace(
    ENTITY,
    (_match, name: string | undefined, hex: string | undefined, decimal: string | undefined) => {
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      const found = name === undefined ? fromCode(code) : NAMED[name];
      if (found === undefined) isKnown = false;
      return found ?? '';
    },
  );
  return isKnown ? decoded : null;
}

/** Control characters and surrogates have rules of their own. */
function fromCode(code: number): string | undefined {
  const isPlain =
    (code >= 32 && code < 127) || (code >= 160 && code < 0xd800) || (code >= 0xe000 && code < 0xfffe);
  return isPlain ? String.fromCharCode(code) : undefined;
}
