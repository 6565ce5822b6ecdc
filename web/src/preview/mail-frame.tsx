import { useEffect, useRef } from 'preact/hooks';

type MailFrameProps = {
  src: string;
  title: string;
  /** While it stays the same, a new document is shown where the old one was scrolled to. */
  scrollKey: string;
  onLink?: (url: string) => void;
};

/**
 * A mail in a frame in which nothing runs. A changed mail is loaded behind the one in view and takes its place when it is
 * there, scrolled as the other was: no flash, no jump.
 */
export function MailFrame({ src, title, scrollKey, onLink }: MailFrameProps) {
  const holder = useRef<HTMLDivElement>(null);
  const shown = useRef<{ frame: HTMLIFrameElement; scrollKey: string } | null>(null);
  const link = useRef(onLink);
  link.current = onLink;
  useEffect(() => {
    const frame = createFrame(src, title);
    const settle = (): void => {
      const old = shown.current;
      if (old?.scrollKey === scrollKey) copyScroll(old.frame, frame);
      frame.contentWindow?.addEventListener('click', (event) => openNothing(event, link.current), true);
      frame.dataset['state'] = 'shown';
      shown.current = { frame, scrollKey };
      old?.frame.remove();
    };
    frame.addEventListener('load', settle, { once: true });
    holder.current?.append(frame);
    return () => {
      // Overtaken before it was there.
      if (shown.current?.frame !== frame) frame.remove();
    };
  }, [src, title, scrollKey]);
  return <div class="mail-frame" ref={holder} />;
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
