import { toPlainText as toPlainTextOfficially } from 'react-email';
import { isVoid, scanHtml, type HtmlHandler, type Tag } from './html-scanner.ts';
import { createTextBlocks, type TextBlocks } from './text-blocks.ts';

type Breaks = readonly [leading: number, trailing: number];

const BLOCKS: ReadonlyMap<string, Breaks> = new Map<string, Breaks>([
  ...'article aside div footer form header main nav section td th'.split(' ').map(toEntry(1, 1)),
  ...'blockquote h4 h5 h6 hr p pre table'.split(' ').map(toEntry(2, 2)),
  ...'h1 h2 h3'.split(' ').map(toEntry(3, 2)),
]);

function toEntry(leading: number, trailing: number) {
  return (name: string): [string, Breaks] => [name, [leading, trailing]];
}

/** What an html parser closes by itself when the key opens directly inside of it. */
const CLOSED_BY: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ...(
    'p h1 h2 h3 h4 h5 h6 address article aside blockquote details div dl fieldset figcaption figure footer form ' +
    'header hr main nav ol pre section table ul'
  )
    .split(' ')
    .map((name): [string, ReadonlySet<string>] => [name, new Set(['p'])]),
  ['tr', new Set(['tr', 'th', 'td'])],
  ['th', new Set(['th'])],
  ['td', new Set(['thead', 'th', 'td'])],
  ['body', new Set(['head', 'link', 'script'])],
  ['li', new Set(['li'])],
  ['dd', new Set(['dd', 'dt'])],
  ['dt', new Set(['dd', 'dt'])],
  ['rt', new Set(['rt', 'rp'])],
  ['rp', new Set(['rt', 'rp'])],
  ['tbody', new Set(['thead', 'tbody'])],
  ['tfoot', new Set(['thead', 'tbody'])],
  ['input', new Set(['button'])],
  ['output', new Set(['button'])],
  ['button', new Set(['button'])],
]);

type List = { isOpen: boolean; nextIndex: number | null; isNested: boolean };
type Frame = {
  name: string;
  /** Nothing of it is shown: it is outside of the body, or marked so. */
  isMuted: boolean;
  isBlock: boolean;
  list: List | null;
  anchor: { href: string; text: string } | null;
};

/**
 * The plain text of a mail, as react-email's `toPlainText` writes it, in one pass over the html. Html that React
 * would not have written (an unclosed tag, a list with more than items in it) goes to react-email's own.
 */
export function toPlainText(html: string): string {
  return writeText(html) ?? toPlainTextOfficially(html);
}

/** Null when the html is not of the kind that can be read in one pass. */
function writeText(html: string): string | null {
  const writer = createTextWriter(!/<body[\s>]/.test(html));
  return scanHtml(html, writer) && writer.isComplete() ? writer.toText() : null;
}

/** Text as it is written, tag by tag. */
export type TextWriter = HtmlHandler & {
  /** Whether every element is closed and the body was there. */
  isComplete(): boolean;
  toText(): string;
};

/** Creates the text of one document; without a body, everything in it is shown. */
export function createTextWriter(hasNoBody: boolean): TextWriter {
  const blocks = createTextBlocks();
  const stack: Frame[] = [];
  let hasBody = hasNoBody;

  const isMuted = (): boolean => stack.at(-1)?.isMuted ?? !hasNoBody;

  return {
    open(tag: Tag): boolean {
      const parent = stack.at(-1);
      if (parent !== undefined && CLOSED_BY.get(tag.name)?.has(parent.name) === true) return false;
      if (parent?.list && (tag.name !== 'li' || tag.isSkipped)) return false;
      const isShown = tag.name === 'body' && !hasBody;
      if (tag.name === 'body') {
        if (hasBody) return false;
        hasBody = true;
      }
      const frame: Frame = { name: tag.name, isMuted: false, isBlock: false, list: null, anchor: null };
      frame.isMuted =
        (isMuted() && !isShown) || tag.isSkipped || tag.name === 'script' || tag.name === 'style';
      if (!frame.isMuted && !enter(blocks, frame, tag, parent)) return false;
      if (!isVoid(tag.name)) stack.push(frame);
      return true;
    },
    close(name: string): boolean {
      const frame = stack.pop();
      if (frame?.name !== name) return false;
      if (!frame.isMuted) leave(blocks, frame);
      return true;
    },
    text(text: string): boolean {
      if (isMuted()) return true;
      if (stack.at(-1)?.list) return /^\s*$/.test(text);
      blocks.write(text, true);
      return true;
    },
    isComplete: (): boolean => stack.length === 0 && hasBody,
    toText: (): string => blocks.toString(),
  };
}

function enter(blocks: TextBlocks, frame: Frame, tag: Tag, parent: Frame | undefined): boolean {
  switch (tag.name) {
    case 'br':
      blocks.lineBreak();
      return true;
    case 'hr':
      blocks.open({ leadingBreaks: 2, trailingBreaks: 2 });
      blocks.write('-'.repeat(40), true);
      blocks.close();
      return true;
    case 'a':
      enterAnchor(blocks, frame, tag);
      return true;
    case 'ul':
    case 'ol':
      return enterList(frame, tag, parent);
    case 'li':
      if (parent?.list) enterItem(blocks, frame, parent.list);
      return true;
    default:
      enterBlock(blocks, frame);
      return true;
  }
}

function enterBlock(blocks: TextBlocks, frame: Frame): void {
  const breaks = BLOCKS.get(frame.name);
  if (breaks === undefined) return;
  frame.isBlock = true;
  const [leadingBreaks, trailingBreaks] = breaks;
  const finish = frame.name === 'blockquote' ? { finish: quote } : {};
  blocks.open({ leadingBreaks, trailingBreaks, isPre: frame.name === 'pre', ...finish });
  if (isHeading(frame.name)) blocks.pushTransform((word) => word.toUpperCase());
}

function isHeading(name: string): boolean {
  return name.length === 2 && name >= 'h1' && name <= 'h6';
}

function quote(text: string): string {
  const lines = text.replace(/^\n+/, '').replace(/\n+$/, '').split('\n');
  return lines.map((line) => `> ${line}`).join('\n');
}

function enterAnchor(blocks: TextBlocks, frame: Frame, tag: Tag): void {
  const href = (tag.href ?? '').replace(/^mailto:/, '');
  if (href === '' || href.startsWith('#')) return;
  const anchor = { href, text: '' };
  frame.anchor = anchor;
  blocks.pushTransform((word) => {
    anchor.text += word;
    return word;
  });
}

/** False for markers that are not plain numbers. */
function enterList(frame: Frame, tag: Tag, parent: Frame | undefined): boolean {
  const isOrdered = tag.name === 'ol';
  const start = Number(tag.start === undefined || tag.start === '' ? '1' : tag.start);
  if (isOrdered && ((tag.type ?? '1') !== '1' || !Number.isSafeInteger(start))) return false;
  const isNested = parent?.name === 'li';
  frame.list = { isOpen: false, nextIndex: isOrdered ? start : null, isNested };
  return true;
}

function enterItem(blocks: TextBlocks, frame: Frame, list: List): void {
  frame.isBlock = true;
  // a list without items leaves no trace
  if (!list.isOpen) {
    list.isOpen = true;
    const breaks = list.isNested ? 1 : 2;
    blocks.openList({ leadingBreaks: breaks, trailingBreaks: breaks });
  }
  const marker = list.nextIndex === null ? '*' : `${list.nextIndex++}.`;
  blocks.openItem(list.isNested ? `${marker} ` : ` ${marker} `);
}

function leave(blocks: TextBlocks, frame: Frame): void {
  if (frame.anchor !== null) leaveAnchor(blocks, frame.anchor);
  if (frame.list?.isOpen === true) blocks.closeList();
  if (!frame.isBlock) return;
  if (isHeading(frame.name)) blocks.popTransform();
  blocks.close();
}

function leaveAnchor(blocks: TextBlocks, { href, text }: { href: string; text: string }): void {
  blocks.popTransform();
  // html-to-text compares with the words put together, without their spaces
  if (href === text) return;
  blocks.write(text === '' ? href : ` ${href}`, false);
}
