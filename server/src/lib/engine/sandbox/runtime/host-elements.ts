import { isMaybeText, textChildren } from './child-lists.ts';
import { isClassName, type Props } from './expand-tree.ts';
import { escapeHtml, writeAttribute, writeStyle } from './host-attributes.ts';
import { toTag } from './text-follower.ts';
import { unsure } from './unsure.ts';
import { noteForeignTags, type Writing, type WriteNode } from './writing.ts';

/** Html elements as react-dom 19's `pushStartInstance` writes them; what mails have no use for is left to React. */

const PLAIN = new Set(
  (
    'abbr acronym address article aside b bdi bdo big blockquote caption center cite code colgroup dd del details dfn ' +
    'dir div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hgroup i ins kbd legend li main map mark ' +
    'nav ol p picture q rp rt ruby s samp section small span strike strong sub summary sup table tbody td tfoot th ' +
    'thead time tr tt u ul var'
  ).split(' '),
);
const VOID = new Set('area br col hr img source wbr'.split(' '));

/** Writes an element and, with the given function, its children. */
export function writeHost(writing: Writing, tag: string, props: Props, writeNode: WriteNode): void {
  if (PLAIN.has(tag)) return writeWhole(writing, tag, props, writeNode);
  if (VOID.has(tag)) return writeVoid(writing, tag, props);
  switch (tag) {
    case 'a':
      // of all elements only this one keeps an empty address
      return props['href'] === '' ? unsure() : writeWhole(writing, 'a', props, writeNode);
    case 'pre':
      return writePre(writing, props, writeNode);
    case 'style':
      return writeStyleElement(writing, props);
    case 'meta':
      return writeMeta(writing, props);
    case 'title':
      return writeTitle(writing, props);
    case 'link':
      return writeLink(writing, props);
    case 'html':
    case 'head':
    case 'body':
      return writeSingleton(writing, tag, props, writeNode);
    default:
      return unsure();
  }
}

function writeWhole(writing: Writing, tag: string, props: Props, writeNode: WriteNode): void {
  writing.out += `${startOf(writing, tag, props)}>`;
  writing.text?.open(toTag(tag, props));
  writeContent(writing, props, writeNode);
  writing.out += `</${tag}>`;
  writing.text?.close(tag);
}

function writeVoid(writing: Writing, tag: string, props: Props): void {
  writing.out += voidTag(writing, tag, props);
  writing.text?.open(toTag(tag, props));
}

/** A start tag without its end, with the styles that its classes become. */
function startOf({ walk }: Writing, tag: string, props: Props): string {
  const { className } = props;
  if (walk === null || !isClassName(className)) return `<${tag}${attributesOf(props)}`;
  const resolved = walk.resolve(className);
  return `<${tag}${styledAttributesOf(props, resolved.style, resolved.className)}`;
}

function voidTag(writing: Writing, tag: string, props: Props): string {
  if (isGiven(props['children']) || isGiven(props['dangerouslySetInnerHTML'])) return unsure();
  return `${startOf(writing, tag, props)}/>`;
}

function writeContent(writing: Writing, props: Props, writeNode: WriteNode): void {
  const { children, dangerouslySetInnerHTML } = props;
  if (isGiven(dangerouslySetInnerHTML)) return writeMarkup(writing, markupOf(props));
  if (!isGiven(children)) return;
  const { place } = writing;
  writing.place = 'inside';
  writeNode(writing, children);
  writing.place = place;
}

function writeMarkup(writing: Writing, markup: string): void {
  noteForeignTags(writing, markup);
  writing.out += markup;
  writing.text?.markup(markup);
}

function writePre(writing: Writing, props: Props, writeNode: WriteNode): void {
  const { children } = props;
  const isList = isGiven(children) && typeof children !== 'string';
  // once `<Tailwind>` has called what is in it, it may be one text
  if (writing.walk !== null && isList && isMaybeText(children)) return unsure();
  writing.out += `${startOf(writing, 'pre', props)}>`;
  writing.text?.open(toTag('pre', props));
  const first = isGiven(props['dangerouslySetInnerHTML']) ? markupOf(props) : children;
  // a parser drops the first line break
  if (typeof first === 'string' && first.startsWith('\n')) {
    writing.out += '\n';
    writing.text?.text('\n');
  }
  writeContent(writing, props, writeNode);
  writing.out += '</pre>';
  writing.text?.close('pre');
}

function writeStyleElement(writing: Writing, props: Props): void {
  if (isGiven(props['precedence']) || isGiven(props['href']) || isGiven(props['itemProp'])) return unsure();
  const css = textOf(writing, props);
  const markup = markupOf(props);
  // React rewrites what could end the element, and so would a parser
  if (css.includes('<') || /<\/style/i.test(markup)) return unsure();
  noteForeignTags(writing, markup);
  writing.out += `${startOf(writing, 'style', props)}>${css}${markup}</style>`;
  writing.text?.open(toTag('style', props));
  writing.text?.close('style');
}

function writeMeta(writing: Writing, props: Props): void {
  if (isGiven(props['itemProp'])) return unsure();
  const tag = voidTag(writing, 'meta', props);
  if (typeof props['charSet'] === 'string') writing.document.charset += tag;
  else if (props['name'] === 'viewport') writing.document.viewport += tag;
  else writing.document.hoisted += tag;
}

function writeTitle(writing: Writing, props: Props): void {
  if (isGiven(props['itemProp']) || isGiven(props['dangerouslySetInnerHTML'])) return unsure();
  const title = escapeHtml(textOf(writing, props));
  writing.document.hoisted += `${startOf(writing, 'title', props)}>${title}</title>`;
}

function writeLink(writing: Writing, props: Props): void {
  const { rel, href, precedence, itemProp, onLoad, onError } = props;
  const isPlain = typeof rel === 'string' && typeof href === 'string' && href !== '';
  if (!isPlain || [precedence, itemProp, onLoad, onError].some(isGiven)) return unsure();
  writing.hasForeignTags = true;
  if (rel === 'stylesheet') writeVoid(writing, 'link', props);
  else writing.document.hoisted += voidTag(writing, 'link', props);
}

function writeSingleton(
  writing: Writing,
  tag: 'html' | 'head' | 'body',
  props: Props,
  writeNode: WriteNode,
): void {
  const { place, document } = writing;
  const slot = `${tag}Start` as const;
  if (place === 'inside' || (tag === 'html' && place !== 'root')) return unsure();
  if (document[slot] !== null || isGiven(props['dangerouslySetInnerHTML'])) return unsure();
  document[slot] = `${startOf(writing, tag, props)}>`;
  writing.place = tag === 'html' ? 'html' : 'inside';
  if (tag === 'body') writing.text?.body(props);
  if (tag === 'head') writeHead(writing, props['children'], writeNode);
  else writeNode(writing, props['children']);
  writing.place = place;
}

function writeHead(writing: Writing, children: unknown, writeNode: WriteNode): void {
  const { out, text } = writing;
  writing.out = '';
  writing.text = null;
  writing.isStyledHead = writing.walk !== null;
  writeNode(writing, children);
  writing.document.headContent = writing.out;
  writing.out = out;
  writing.text = text;
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function isRecord(value: unknown): value is Props {
  return typeof value === 'object' && value !== null;
}

function attributesOf(props: Props): string {
  let written = '';
  for (const name in props) if (Object.hasOwn(props, name)) written += writeAttribute(name, props[name]);
  return written;
}

function styledAttributesOf(props: Props, style: object, className: string | undefined): string {
  let written = '';
  let hasStyle = false;
  for (const name in props) {
    if (!Object.hasOwn(props, name)) continue;
    if (name === 'className') written += writeAttribute(name, className);
    else if (name === 'style') {
      hasStyle = true;
      written += writeStyle(mergeStyle(style, props['style']));
    } else written += writeAttribute(name, props[name]);
  }
  return hasStyle ? written : written + writeStyle(style);
}

/** The style of the classes with the element's own over it. */
export function mergeStyle(style: object, own: unknown): object {
  return isRecord(own) ? { ...style, ...own } : style;
}

/** The markup that an element brings instead of children; empty without. */
function markupOf({ children, dangerouslySetInnerHTML: inner }: Props): string {
  if (!isGiven(inner)) return '';
  if (isGiven(children) || !isRecord(inner) || !('__html' in inner)) return unsure();
  const markup = inner['__html'];
  if (!isGiven(markup)) return '';
  return typeof markup === 'string' ? markup : unsure();
}

/** The text of an element that takes nothing else. */
function textOf({ walk }: Writing, { children: given }: Props): string {
  const children = walk === null ? given : textChildren(given);
  // React takes the one child of a list, and nothing of a longer one
  const child: unknown = Array.isArray(children) ? (children.length < 2 ? children[0] : null) : children;
  if (!isGiven(child)) return '';
  return typeof child === 'string' || typeof child === 'number' ? `${child}` : unsure();
}
