import { createHtmlDocument, type HtmlDocument } from './html-document.ts';
import type { StyleWalk } from './style-walk.ts';
import { createTextFollower, type TextFollower } from './text-follower.ts';

/** A mail while it is written. */
export type Writing = {
  readonly document: HtmlDocument;
  /** The part that is being written: the content, or for a while the head's. */
  out: string;
  /** Where in the document we are; it decides what `html`, `head` and `body` mean. */
  place: 'root' | 'html' | 'inside';
  /** The styles of the `<Tailwind>` whose elements these are; null outside of any. */
  walk: StyleWalk | null;
  /** The text, while it can be told without the whole html; null in the head. */
  text: TextFollower | null;
  /** Whether there may be tags that `render` of react-email takes out of the html. */
  hasForeignTags: boolean;
  /** Whether `<Tailwind>` has a head to put its css into. */
  isStyledHead: boolean;
};

/** Writes whatever may be a child. */
export type WriteNode = (writing: Writing, node: unknown) => void;

/** Creates the start of a mail. */
export function createWriting(): Writing {
  return {
    document: createHtmlDocument(),
    out: '',
    place: 'root',
    walk: null,
    text: createTextFollower(),
    hasForeignTags: false,
    isStyledHead: false,
  };
}

/** What react-email's `render` looks for in the html and takes out. */
const FOREIGN_TAG = /<(?:link|!doctype)/i;

/** Takes note of tags in markup that is not ours. */
export function noteForeignTags(writing: Writing, markup: string): void {
  writing.hasForeignTags ||= FOREIGN_TAG.test(markup);
}
