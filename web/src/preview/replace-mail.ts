/**
 * Puts another mail's document into a frame that shows one. It is parsed by the frame's own window, so that from the first byte the
 * frame's policy holds for it and not the page's; a sandbox without scripts runs none of those either.
 *
 * @returns false where only a new frame can show it as it is
 */
export function replaceMail(frame: HTMLIFrameElement, html: string): boolean {
  const old = frame.contentDocument;
  const mailWindow = old && ownerOf(old);
  if (!mailWindow) return false;
  const parsed = new mailWindow.DOMParser().parseFromString(html, 'text/html');
  if (!canFollow(old, parsed)) return false;
  const { scrollX, scrollY } = mailWindow;
  const [root, oldRoot] = [read(parsed, 'documentElement'), read(old, 'documentElement')];
  Element.prototype.replaceWith.call(oldRoot, root);
  mailWindow.scrollTo(scrollX, scrollY);
  return true;
}

/** What says something about its document, and goes on doing so when it is gone. */
const LASTING = [
  // Any mail names its type, and that changes nothing here.
  'meta[http-equiv]:not([http-equiv="content-type" i], [http-equiv="x-ua-compatible" i])',
  'style[title]',
  'link[title]',
].join();

/**
 * False where the frame's document would show another mail otherwise than one of its own: in another mode of layout, under a policy or
 * style sheets that it has from one of them, or with images that are still to come, before which nobody can scroll to where they will be.
 */
function canFollow(old: Document, mail: Document): boolean {
  const isSame = (look: (document: Document) => string): boolean => look(old) === look(mail);
  const hasLasting = [old, mail].some((document) => select(document, LASTING).length > 0);
  return !hasLasting && isSame((document) => read(document, 'compatMode')) && isSame(imagesOf);
}

function imagesOf(document: Document): string {
  return select(document, 'img, source')
    .map((image) => `${image.getAttribute('src')} ${image.getAttribute('srcset')}`)
    .join('\n');
}

/** Past the document itself, as all here: names in a mail may shadow what a document has. */
function select(document: Document, selectors: string): Element[] {
  return [...Document.prototype.querySelectorAll.call(document, selectors)];
}

function read<K extends keyof Document>(document: Document, property: K): Document[K] {
  return Reflect.get(Document.prototype, property, document);
}

function ownerOf(document: Document): (Window & typeof globalThis) | null {
  return read(document, 'defaultView');
}
