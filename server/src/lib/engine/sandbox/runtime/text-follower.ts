import { scanHtml, type Tag } from './html-scanner.ts';
import { createTextWriter } from './plain-text.ts';

type Props = Record<string, unknown>;

/** Writes a body's plain text while its html is written, so that nobody has to read the html again. */
export type TextFollower = {
  /** A start tag, from `toTag`. */
  open(tag: Tag | null): void;
  close(name: string): void;
  text(text: string): void;
  /** Markup that a template has brought, which is read like any html. */
  markup(markup: string): void;
  /** The body's start tag, wherever React has put content before it: that is in the body, too. */
  body(props: Props): void;
  /** The text once the body is complete; null when only the whole html tells it. */
  finish(): string | null;
};

/** Creates the text of one document. */
export function createTextFollower(): TextFollower {
  const writer = createTextWriter(false);
  let isLost = false;
  let hasBody = false;
  let pending = '';

  // text nodes that touch are one text to whoever reads the html
  const flush = (): void => {
    if (pending === '') return;
    const text = pending;
    pending = '';
    if (!isLost && !writer.text(text)) isLost = true;
  };
  const open = (tag: Tag | null): void => {
    flush();
    if (!isLost && (tag === null || !writer.open(tag))) isLost = true;
  };
  const close = (name: string): void => {
    flush();
    if (!isLost && !writer.close(name)) isLost = true;
  };

  open(plainTag('html'));
  open(plainTag('body'));
  return {
    open,
    close,
    text(text) {
      pending = pending === '' ? text : pending + text;
    },
    markup(markup) {
      flush();
      if (!isLost && !scanHtml(markup, writer)) isLost = true;
    },
    body(props) {
      hasBody = true;
      if (toTag('body', props) !== plainTag('body')) isLost = true;
    },
    finish() {
      if (!hasBody) return null;
      close('body');
      close('html');
      return !isLost && writer.isComplete() ? writer.toText() : null;
    },
  };
}

const plainTags = new Map<string, Tag>();

function plainTag(name: string): Tag {
  let tag = plainTags.get(name);
  if (tag === undefined) {
    tag = { name, href: undefined, start: undefined, type: undefined, isSkipped: false };
    plainTags.set(name, tag);
  }
  return tag;
}

/** The tag of an element as its html would tell it; null for a format that only the official converter knows. */
export function toTag(name: string, props: Props): Tag | null {
  const skip = props['data-skip-in-text'];
  const format = props['data-text-format'];
  if (format !== undefined && format !== null) return null;
  const isSkipped = skip === true || skip === 'true';
  if (name === 'a') return { ...plainTag(name), href: writtenText(props['href']), isSkipped };
  if (name === 'ol') {
    const { start, type } = props;
    return { ...plainTag(name), start: writtenText(start), type: writtenText(type), isSkipped };
  }
  return isSkipped ? { ...plainTag(name), isSkipped } : plainTag(name);
}

function writtenText(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? `${value}` : undefined;
}
