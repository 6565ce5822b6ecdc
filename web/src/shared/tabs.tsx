import type { ComponentChildren } from 'preact';
import { moveFocus } from './keyboard.ts';

export type Tab<Id extends string> = {
  id: Id;
  label: string;
  /** How many things are in it that want attention. */
  count?: number | undefined;
  tone?: 'warning' | 'danger' | undefined;
};

type TabsProps<Id extends string> = {
  label: string;
  tabs: readonly Tab<Id>[];
  current: Id;
  onChange: (id: Id) => void;
  children?: ComponentChildren;
};

/** A row of tabs as screen readers know them; the panel is the caller's, in a `TabPanel` with the current id. */
export function Tabs<Id extends string>({ label, tabs, current, onChange, children }: TabsProps<Id>) {
  const move = (event: KeyboardEvent): void => {
    const id = moveFocus(event, '[role=tab]')?.dataset['id'];
    const tab = tabs.find((candidate) => candidate.id === id);
    if (tab) onChange(tab.id);
  };
  return (
    <div class="tabs">
      <div class="tabs-list" role="tablist" aria-label={label} onKeyDown={move}>
        {tabs.map(({ id, label: text, count, tone }) => (
          <button
            key={id}
            id={`tab-${id}`}
            data-id={id}
            type="button"
            role="tab"
            class="tab"
            aria-selected={id === current}
            aria-controls="tab-panel"
            tabIndex={id === current ? 0 : -1}
            onClick={() => onChange(id)}
          >
            {text}
            {count ? <span class={`badge ${tone ?? ''}`}>{count}</span> : null}
          </button>
        ))}
      </div>
      {children}
    </div>
  );
}

/** What the current tab shows. */
export function TabPanel({
  id,
  children,
  class: name = '',
}: {
  id: string;
  children: ComponentChildren;
  class?: string;
}) {
  return (
    <div id="tab-panel" role="tabpanel" aria-labelledby={`tab-${id}`} class={`tab-panel ${name}`}>
      {children}
    </div>
  );
}
