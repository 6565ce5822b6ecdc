import { signal, type Signal } from '@preact/signals';

/** A choice of this person that outlives the page; null until one is made. */
export function stored(name: string): Signal<string | null> {
  const key = `mail.${name}`;
  const kept = signal(localStorage.getItem(key));
  kept.subscribe((value) => {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  });
  return kept;
}
