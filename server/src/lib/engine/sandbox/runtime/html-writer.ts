import { Fragment, isValidElement, type ReactElement } from 'react';
import { textChildren } from './child-lists.ts';
import { callInReact, callInTailwind } from './component-calls.ts';
import { isClassName, type Props } from './expand-tree.ts';
import { escapeHtml } from './host-attributes.ts';
import { writeHost } from './host-elements.ts';
import { joinHtmlDocument } from './html-document.ts';
import { isLeftToReact, isPreview } from './known-components.ts';
import { Split, StyledChildren, writeKnown } from './known-elements.ts';
import { isContext, withServerHooks, type Context } from './server-hooks.ts';
import { beginAttempt, beginPass, Tailwind } from './tailwind.ts';
import { takeUnsure, unsure } from './unsure.ts';
import { createWriting, noteForeignTags, type Writing } from './writing.ts';

/**
 * A writer of static html for what mails are made of. It does as React's `renderToStaticMarkup` does, styles what is
 * inside of `<Tailwind>` on its way, and gives the whole mail up at anything that it is not certain of.
 */

/** `text` is null where only the whole html tells it. */
export type WrittenHtml = { html: string; text: string | null; hasForeignTags: boolean };

/** The html of a tree, and its text; null when only React knows it. Throws what a template or Tailwind throws. */
export function writeHtml(element: ReactElement): WrittenHtml | null {
  takeUnsure();
  beginAttempt();
  try {
    const written = withServerHooks(() => write(element));
    return takeUnsure() ? null : written;
  } catch (thrown) {
    if (takeUnsure()) return null;
    throw thrown;
  }
}

function write(element: ReactElement): WrittenHtml {
  const writing = createWriting();
  writeNode(writing, element);
  const { document, text, hasForeignTags } = writing;
  document.content = writing.out;
  return { html: joinHtmlDocument(document), text: text?.finish() ?? null, hasForeignTags };
}

function writeNode(writing: Writing, node: unknown): void {
  if (typeof node === 'string') return writeText(writing, node);
  if (typeof node === 'number' || typeof node === 'bigint') return writeText(writing, `${node}`);
  // React shows nothing of undefined, booleans, functions and symbols
  if (typeof node !== 'object' || node === null) return;
  if (isValidElement(node)) writeElement(writing, node.type, propsOf(node));
  else if (Array.isArray(node)) for (const entry of node) writeNode(writing, entry);
  else writeCarried(writing, node);
}

function writeText(writing: Writing, text: string): void {
  writing.out += escapeHtml(text);
  writing.text?.text(text);
}

function propsOf(element: ReactElement): Props {
  return isProps(element.props) ? element.props : unsure();
}

function isProps(value: unknown): value is Props {
  return typeof value === 'object' && value !== null;
}

function writeCarried(writing: Writing, carrier: object): void {
  if (carrier instanceof Split) return carrier.note();
  if (!(carrier instanceof StyledChildren)) return unsure();
  writing.walk = carrier.walk;
  writeNode(writing, carrier.children);
  writing.walk = null;
}

function writeElement(writing: Writing, type: unknown, props: Props): void {
  if (typeof type === 'string') return writeHost(writing, type, props, writeNode);
  if (type === Fragment) return writeNode(writing, props['children']);
  if (type === Tailwind) return writeTailwind(writing, props);
  if (writing.walk !== null) return writeInTailwind(writing, type, props);
  if (isContext(type)) return provide(writing, type, props);
  writeNode(writing, callInReact(type, props));
}

function writeInTailwind(writing: Writing, type: unknown, props: Props): void {
  if (isLeftToReact(type)) return writeKnown(writing, type, props, writeNode);
  if (isPreview(type)) {
    const given = { ...props, children: textChildren(props['children']) };
    return writeKnown(writing, type, given, writeNode);
  }
  const { className } = props;
  if (isClassName(className)) writing.walk?.resolve(className);
  writeNode(writing, callInTailwind(type, props));
}

function provide(writing: Writing, context: Context, props: Props): void {
  const before = context._currentValue2;
  context._currentValue2 = props['value'];
  try {
    writeNode(writing, props['children']);
  } finally {
    context._currentValue2 = before;
  }
}

function writeTailwind(writing: Writing, props: Props): void {
  if (writing.walk !== null) return unsure();
  const { walk, finish } = beginPass(props);
  writing.walk = walk;
  writeNode(writing, props['children']);
  writing.walk = null;
  const css = finish(writing.isStyledHead);
  if (!writing.isStyledHead) return;
  writing.isStyledHead = false;
  noteForeignTags(writing, css);
  writing.document.headStyle = `<style>${css}</style>`;
}
