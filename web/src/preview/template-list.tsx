import { useRef, useState } from 'preact/hooks';
import { Icon } from '../shared/icon.tsx';
import { moveFocus, useKeys } from '../shared/keyboard.ts';
import { Link } from '../shared/link.tsx';
import { navigate } from '../shared/router.ts';
import type { PreviewEntry, PreviewList } from './contract.ts';
import { toKeptQuery } from './view-state.ts';

/** Every template, by folder, and a field that narrows them down. */
export function TemplateList({ list, current }: { list: PreviewList; current: string }) {
  const [search, setSearch] = useState('');
  const field = useRef<HTMLInputElement>(null);
  const found = list.templates.filter((entry) => matches(entry, search));
  const step = (by: number): void => {
    const at = found.findIndex(({ name }) => name === current);
    const next = found[Math.min(Math.max(at + by, 0), found.length - 1)];
    if (next) navigate(toAddress(next.name));
  };
  useKeys({ '/': () => field.current?.focus(), j: () => step(1), k: () => step(-1) });
  return (
    <nav class="template-list" aria-label="Templates">
      <div class="search">
        <Icon name="search" />
        <input
          ref={field}
          class="field"
          type="search"
          placeholder="Search  /"
          aria-label="Search templates"
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
          onKeyDown={(event) => {
            const [first] = found;
            if (event.key === 'Enter' && first) navigate(toAddress(first.name));
            if (event.key === 'Escape') setSearch('');
          }}
        />
      </div>
      <div class="template-list-items" onKeyDown={(event) => void moveFocus(event, 'a')}>
        {toGroups(found).map(([group, entries]) => (
          <section key={group} aria-label={group === '' ? list.folder : group}>
            {group === '' ? null : (
              <h2 class="template-list-group">
                <Icon name="folder" />
                {group}
              </h2>
            )}
            <ul>
              {entries.map(({ name }) => (
                <li key={name}>
                  <Link
                    class="template-list-item"
                    href={toAddress(name)}
                    aria-current={name === current ? 'page' : undefined}
                  >
                    {name}
                  </Link>
                </li>
              ))}
            </ul>
          </section>
        ))}
        {found.length === 0 ? <p class="template-list-none">Nothing matches</p> : null}
      </div>
      <p class="template-list-foot mono" title={list.folder}>
        {list.folder}
      </p>
    </nav>
  );
}

/** The address of a template, looked at as the last one was. */
export function toAddress(name: string): string {
  return `/preview/${encodeURIComponent(name)}${toKeptQuery()}`;
}

function matches({ name, group }: PreviewEntry, search: string): boolean {
  const path = `${group}/${name}`.toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => path.includes(word));
}

function toGroups(entries: readonly PreviewEntry[]): [string, PreviewEntry[]][] {
  const groups = new Map<string, PreviewEntry[]>();
  for (const entry of entries) groups.set(entry.group, [...(groups.get(entry.group) ?? []), entry]);
  return [...groups].toSorted(([a], [b]) => a.localeCompare(b));
}
