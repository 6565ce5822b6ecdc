import { signal } from '@preact/signals';

const said = signal('');

/** Tells a short sentence to those who look and to those who listen. */
export function announce(text: string): void {
  said.value = '';
  // Said twice in a row it is news again.
  queueMicrotask(() => {
    said.value = text;
  });
  clearTimeout(clearing);
  clearing = setTimeout(() => {
    said.value = '';
  }, SHOWN_MS);
}

const SHOWN_MS = 4000;
let clearing: ReturnType<typeof setTimeout> | undefined;

/** Where announcements appear; once a page. */
export function Announcements() {
  return (
    <div class="announcement" role="status" aria-live="polite" data-shown={said.value !== ''}>
      {said.value}
    </div>
  );
}
