import { useLayoutEffect, useRef } from 'preact/hooks';

/** Keys as in `event.key`, with `mod+` for Ctrl, or Cmd on a Mac. */
export type KeyMap = Readonly<Record<string, (event: KeyboardEvent) => void>>;

/** Shortcuts for the whole page while the component is there; silent while somebody types. */
export function useKeys(keys: KeyMap): void {
  const current = useRef(keys);
  current.current = keys;
  // With what is shown, not a frame later: a key that somebody presses as soon as the page is there counts.
  useLayoutEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      const isModified = event.metaKey || event.ctrlKey;
      if (event.altKey || event.defaultPrevented || (!isModified && isTyping(event.target))) return;
      const action = current.current[`${isModified ? 'mod+' : ''}${event.key}`];
      if (!action) return;
      event.preventDefault();
      action(event);
    };
    addEventListener('keydown', listen);
    return () => removeEventListener('keydown', listen);
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))
  );
}

/**
 * Moves the focus among the elements of a list that match `selector` with the arrow keys, Home and End.
 * Returns the element that has it now, or null where the key means something else.
 */
export function moveFocus(event: KeyboardEvent, selector: string): HTMLElement | null {
  const list = event.currentTarget;
  if (!(list instanceof HTMLElement)) return null;
  const items = [...list.querySelectorAll<HTMLElement>(selector)];
  const at = items.findIndex((item) => item === document.activeElement);
  const next = items[toIndex(event.key, at, items.length)];
  if (!next) return null;
  event.preventDefault();
  next.focus();
  return next;
}

function toIndex(key: string, at: number, count: number): number {
  switch (key) {
    case 'ArrowDown':
    case 'ArrowRight':
      return Math.min(at + 1, count - 1);
    case 'ArrowUp':
    case 'ArrowLeft':
      return Math.max(at - 1, 0);
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return -1;
  }
}
