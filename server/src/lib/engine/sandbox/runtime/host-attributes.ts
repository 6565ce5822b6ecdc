import { unsure } from './unsure.ts';

/**
 * Attributes and styles of html elements, written as React's server renderer writes them. The lists are those of
 * react-dom 19's `pushAttribute`; a name or a value that is on none of them is React's to judge.
 */

type Kind =
  | 'skip'
  | 'style'
  | 'text'
  | 'url'
  | 'any'
  | 'flag'
  | 'positive'
  | 'number'
  | 'plain'
  | 'prefixed'
  | 'unsure';
type Attribute = { kind: Kind; before: string };

const KINDS: readonly (readonly [kind: Kind, names: string])[] = [
  ['skip', 'children dangerouslySetInnerHTML ref defaultValue defaultChecked innerHTML'],
  ['skip', 'suppressContentEditableWarning suppressHydrationWarning'],
  ['style', 'style'],
  ['text', 'dir role viewBox width height'],
  ['url', 'src href'],
  ['any', 'contentEditable spellCheck draggable value'],
  ['flag', 'inert async controls default disabled hidden loop open required reversed readOnly itemScope'],
  ['positive', 'cols rows size span'],
  ['number', 'rowSpan start'],
  ['plain', 'bgColor cellPadding cellSpacing charSet colSpan dateTime frameBorder hrefLang hSpace itemProp'],
  ['plain', 'itemType marginHeight marginWidth noWrap referrerPolicy srcDoc srcSet useMap vAlign vSpace'],
  // what only forms and scripts have, or what counts for more than its text
  ['unsure', 'action formAction autoFocus multiple muted capture download credentialless defer focusable'],
  ['unsure', 'autoReverse externalResourcesRequired preserveAlpha scoped seamless'],
];
const RENAMED: readonly (readonly [name: string, kind: Kind, written: string])[] = [
  ['className', 'text', 'class'],
  ['tabIndex', 'text', 'tabindex'],
  ['acceptCharset', 'plain', 'accept-charset'],
  ['htmlFor', 'plain', 'for'],
  ['httpEquiv', 'plain', 'http-equiv'],
  ['crossOrigin', 'plain', 'crossorigin'],
];

/** Names made from data could otherwise fill the memory; beyond it they are worked out each time. */
const MAX_REMEMBERED = 2000;
const LOWER_CASE_NAME = /^[a-z_][a-z0-9:._-]*$/;
const JAVASCRIPT_URL = /^[\u0000-\u0020]*j[\r\n\t]*a[\r\n\t]*v/i;

const attributes = new Map<string, Attribute>();
for (const [kind, names] of KINDS)
  for (const name of names.split(' ')) attributes.set(name, { kind, before: ` ${name}="` });
for (const [name, kind, written] of RENAMED) attributes.set(name, { kind, before: ` ${written}="` });

function attributeOf(name: string): Attribute {
  const known = attributes.get(name);
  if (known !== undefined) return known;
  const made: Attribute = { kind: kindOf(name), before: ` ${name}="` };
  if (attributes.size < MAX_REMEMBERED) attributes.set(name, made);
  return made;
}

function kindOf(name: string): Kind {
  if (/^on./is.test(name)) return 'skip';
  if (!LOWER_CASE_NAME.test(name)) return 'unsure';
  return name.startsWith('data-') || name.startsWith('aria-') ? 'prefixed' : 'plain';
}

const SPECIAL = /["'&<>]/;

/** Text as React escapes it, in an element or in an attribute. */
export function escapeHtml(text: string): string {
  return SPECIAL.test(text) ? escapeSpecial(text) : text;
}

function escapeSpecial(text: string): string {
  let escaped = '';
  let from = 0;
  for (let at = text.search(SPECIAL); at < text.length; at += 1) {
    const entity = entityOf(text.charCodeAt(at));
    if (entity === null) continue;
    escaped += text.slice(from, at) + entity;
    from = at + 1;
  }
  return escaped + text.slice(from);
}

function entityOf(unit: number): string | null {
  switch (unit) {
    case 34:
      return '&quot;';
    case 38:
      return '&amp;';
    case 39:
      return '&#x27;';
    case 60:
      return '&lt;';
    case 62:
      return '&gt;';
    default:
      return null;
  }
}

/** One attribute with the space before it; empty when React leaves it out. */
export function writeAttribute(name: string, value: unknown): string {
  if (value === null || value === undefined) return '';
  const { kind, before } = attributeOf(name);
  if (kind === 'skip') return '';
  if (kind === 'style') return writeStyle(value);
  if (typeof value === 'string') return writeText(kind, before, value);
  if (typeof value === 'number') return writeText(kind, before, `${value}`);
  return typeof value === 'boolean' ? writeBoolean(kind, before, value) : unsure();
}

function writeText(kind: Kind, before: string, value: string): string {
  switch (kind) {
    case 'text':
    case 'any':
    case 'plain':
    case 'prefixed':
      break;
    case 'url':
      if (value === '') return '';
      // React puts a script of its own in the place of one in a link
      if (JAVASCRIPT_URL.test(value)) return unsure();
      break;
    case 'positive':
      if (!(Number(value) >= 1)) return '';
      break;
    case 'number':
      if (Number.isNaN(Number(value))) return '';
      break;
    default:
      // what counts as true among texts and numbers is React's to say
      return unsure();
  }
  return `${before}${escapeHtml(value)}"`;
}

function writeBoolean(kind: Kind, before: string, value: boolean): string {
  switch (kind) {
    case 'flag':
      return value ? `${before}"` : '';
    case 'any':
    case 'prefixed':
      return `${before}${value}"`;
    case 'text':
    case 'url':
    case 'plain':
      return '';
    default:
      return unsure();
  }
}

const UNITLESS = new Set(
  (
    'animationIterationCount aspectRatio borderImageOutset borderImageSlice borderImageWidth boxFlex boxFlexGroup ' +
    'boxOrdinalGroup columnCount columns flex flexGrow flexPositive flexShrink flexNegative flexOrder gridArea gridRow ' +
    'gridRowEnd gridRowSpan gridRowStart gridColumn gridColumnEnd gridColumnSpan gridColumnStart fontWeight lineClamp ' +
    'lineHeight opacity order orphans scale tabSize widows zIndex zoom fillOpacity floodOpacity stopOpacity ' +
    'strokeDasharray strokeDashoffset strokeMiterlimit strokeOpacity strokeWidth MozAnimationIterationCount MozBoxFlex ' +
    'MozBoxFlexGroup MozLineClamp msAnimationIterationCount msFlex msZoom msFlexGrow msFlexNegative msFlexOrder ' +
    'msFlexPositive msFlexShrink msGridColumn msGridColumnSpan msGridRow msGridRowSpan WebkitAnimationIterationCount ' +
    'WebkitBoxFlex WebKitBoxFlexGroup WebkitBoxOrdinalGroup WebkitColumnCount WebkitColumns WebkitFlex WebkitFlexGrow ' +
    'WebkitFlexPositive WebkitFlexShrink WebkitLineClamp'
  ).split(' '),
);

const MAX_PROPERTIES = 300;
const MAX_VALUES = 200;
/** The declarations of each property that were written before, by value. */
const declarations = new Map<string, Map<string | number, string>>();
const { hasOwnProperty } = Object.prototype;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Styles that nothing can change any more, as they are written. */
const remembered = new WeakMap<object, string>();

/** Freezes a style that many elements share, so that it is written once for all of them. */
export function rememberStyle<Style extends object>(style: Style): Readonly<Style> {
  const frozen = Object.freeze(style);
  remembered.set(frozen, joinStyle({ ...frozen }));
  return frozen;
}

/** A `style` attribute with the space before it; empty for a style that says nothing. */
export function writeStyle(style: unknown): string {
  if (!isRecord(style)) return unsure();
  return remembered.get(style) ?? joinStyle(style);
}

function joinStyle(style: Record<string, unknown>): string {
  let written = '';
  // the order and the choice of properties is that of React's own loop
  for (const name in style) {
    if (!hasOwnProperty.call(style, name)) continue;
    const value = style[name];
    if (value === null || value === undefined || typeof value === 'boolean' || value === '') continue;
    if (typeof value !== 'string' && typeof value !== 'number') return unsure();
    written += declarationOf(name, value);
  }
  return written === '' ? '' : ` style="${written.slice(1)}"`;
}

/** With the semicolon before it. */
function declarationOf(name: string, value: string | number): string {
  let known = declarations.get(name);
  const found = known?.get(value);
  if (found !== undefined) return found;
  const written = `;${propertyOf(name)}:${valueOf(name, value)}`;
  if (known === undefined) {
    known = new Map();
    if (declarations.size < MAX_PROPERTIES) declarations.set(name, known);
  }
  if (known.size < MAX_VALUES && written.length < 200) known.set(value, written);
  return written;
}

function propertyOf(name: string): string {
  if (name.startsWith('--')) return escapeHtml(name);
  return escapeHtml(
    name
      .replace(/([A-Z])/g, '-$1')
      .toLowerCase()
      .replace(/^ms-/, '-ms-'),
  );
}

function valueOf(name: string, value: string | number): string {
  if (typeof value === 'string') return escapeHtml(value.trim());
  return value === 0 || UNITLESS.has(name) || name.startsWith('--') ? `${value}` : `${value}px`;
}
