/**
 * Puts another mail's document into a frame that shows one. It is parsed by the frame's own window, so that from the first byte the
 * frame's policy holds for it and not the page's; a sandbox without scripts runs none of those either.
 *
 * @returns false where only a new frame can show it: a browser would lay it out in another mode, or the frame's document is out of reach
 */
export function replaceMail(frame: HTMLIFrameElement, html: string): boolean {
  const old = frame.contentDocument;
  const mailWindow = old && ownerOf(old);
  if (!mailWindow) return false;
  const parsed = new mailWindow.DOMParser().parseFromString(html, 'text/html');
  if (read(parsed, 'compatMode') !== read(old, 'compatMode')) return false;
  const { scrollX, scrollY } = mailWindow;
  const [root, oldRoot] = [read(parsed, 'documentElement'), read(old, 'documentElement')];
  Element.prototype.replaceWith.call(oldRoot, root);
  mailWindow.scrollTo(scrollX, scrollY);
  return true;
}

/** Past the document itself: names in a mail may shadow what a document has. */
function read<K extends keyof Document>(document: Document, property: K): Document[K] {
  return Reflect.get(Document.prototype, property, document);
}

function ownerOf(document: Document): (Window & typeof globalThis) | null {
  return read(document, 'defaultView');
}
