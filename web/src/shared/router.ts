import { signal } from '@preact/signals';

/** The address's path; what reads it in a component follows it. */
export const path = signal(location.pathname);

/** The address's query. */
export const query = signal(new URLSearchParams(location.search));

function follow(): void {
  path.value = location.pathname;
  query.value = new URLSearchParams(location.search);
}

addEventListener('popstate', follow);

/** Goes to another address of these pages. */
export function navigate(to: string, { replace = false }: { replace?: boolean } = {}): void {
  if (to === location.pathname + location.search) return;
  if (replace) history.replaceState(null, '', to);
  else history.pushState(null, '', to);
  follow();
}

/** Changes parts of the query and leaves the rest; null takes a part away. No new entry in the history unless asked for. */
export function setQuery(
  changes: Readonly<Record<string, string | null>>,
  { push = false }: { push?: boolean } = {},
): void {
  const next = new URLSearchParams(query.value);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) next.delete(name);
    else next.set(name, value);
  }
  const text = next.toString();
  navigate(location.pathname + (text === '' ? '' : `?${text}`), { replace: !push });
}

/** Whether a click means "go there" and not "open it in a new tab". */
export function isPlainClick(event: MouseEvent): boolean {
  return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
}
