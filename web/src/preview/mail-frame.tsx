import { useEffect, useRef } from 'preact/hooks';
import { replaceMail } from './replace-mail.ts';

type MailFrameProps = {
  src: string;
  title: string;
  /** While it stays the same, a new document is shown where the old one was scrolled to. */
  scrollKey: string;
  onLink?: (url: string) => void;
};

/** The frame in view, and how it shows what is in it. */
type Shown = { frame: HTMLIFrameElement; scrollKey: string; look: string };

/**
 * A mail in a frame in which nothing runs. A changed mail takes the place of the one in view: no flash, no jump. Where it is shown as
 * the other was, its document is put into the frame that is there, because to load a frame takes longer than to render a mail; where not,
 * it is loaded behind the one in view.
 */
export function MailFrame({ src, title, scrollKey, onLink }: MailFrameProps) {
  const holder = useRef<HTMLDivElement>(null);
  const shown = useRef<Shown | null>(null);
  const link = useRef(onLink);
  link.current = onLink;
  useEffect(() => {
    const look = new URL(src, location.href).search;
    const overtaken = new AbortController();
    const load = (): void => {
      const frame = createFrame(src, title);
      const settle = (): void => {
        const old = shown.current;
        if (old?.scrollKey === scrollKey) copyScroll(old.frame, frame);
        frame.contentWindow?.addEventListener('click', (event) => openNothing(event, link.current), true);
        frame.dataset['state'] = 'shown';
        shown.current = { frame, scrollKey, look };
        old?.frame.remove();
      };
      const dropUnseen = (): void => {
        if (shown.current?.frame !== frame) frame.remove();
      };
      frame.addEventListener('load', settle, { once: true });
      overtaken.signal.addEventListener('abort', dropUnseen);
      holder.current?.append(frame);
    };
    const swap = async (frame: HTMLIFrameElement): Promise<void> => {
      const html = await fetchMail(src, overtaken.signal);
      if (overtaken.signal.aborted) return;
      if (html === null || !isReplaced(frame, html)) return load();
      frame.title = title;
    };
    const current = shown.current;
    if (current?.scrollKey === scrollKey && current.look === look) void swap(current.frame);
    else load();
    return () => overtaken.abort();
  }, [src, title, scrollKey]);
  return <div class="mail-frame" ref={holder} />;
}

/** Whatever keeps a browser from it, a frame that is loaded shows the mail. */
function isReplaced(frame: HTMLIFrameElement, html: string): boolean {
  try {
    return replaceMail(frame, html);
  } catch {
    return false;
  }
}

/** The document that a frame of this address would load; null where there is none. */
async function fetchMail(src: string, signal: AbortSignal): Promise<string | null> {
  try {
    const response = await fetch(src, { signal });
    return response.ok ? await response.text() : null;
  } catch {
    return null;
  }
}

function createFrame(src: string, title: string): HTMLIFrameElement {
  const frame = document.createElement('iframe');
  frame.setAttribute('sandbox', 'allow-same-origin');
  frame.setAttribute('referrerpolicy', 'no-referrer');
  frame.title = title;
  frame.dataset['state'] = 'loading';
  frame.src = src;
  return frame;
}

/** By the window, never by the document: names in a mail may shadow what a document has. */
function copyScroll(from: HTMLIFrameElement, to: HTMLIFrameElement): void {
  const old = from.contentWindow;
  if (old) to.contentWindow?.scrollTo(old.scrollX, old.scrollY);
}

/** A link in a mail goes nowhere by itself; where it would go is told instead. */
function openNothing(event: MouseEvent, tell: ((url: string) => void) | undefined): void {
  const link = event
    .composedPath()
    .find((target) => isElement(target) && /^(a|area)$/i.test(target.localName));
  event.preventDefault();
  if (link && isElement(link)) tell?.(link.getAttribute('href') ?? '');
}

/** The frame's elements are of another window, where `instanceof` knows none of ours. */
function isElement(target: EventTarget): target is Element {
  return 'localName' in target && 'getAttribute' in target;
}
