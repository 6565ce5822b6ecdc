import { computed } from '@preact/signals';
import { query, setQuery } from '../shared/router.ts';

export const TABS = ['preview', 'html', 'text', 'source', 'headers', 'props', 'checks', 'versions'] as const;
export type TabId = (typeof TABS)[number];

export const SCHEMES = ['light', 'dark', 'forced'] as const;
export type Scheme = (typeof SCHEMES)[number];

/** What the address says about how a template is looked at: a link to it shows another person the same. */
export type ViewState = {
  tab: TabId;
  /** Of the frame in CSS pixels; null is as wide as there is room. */
  widthPx: number | null;
  scheme: Scheme;
  hasImages: boolean;
  /** In percent. */
  zoom: number;
  fixture: string | null;
  locale: string | null;
  /** JSON as it was typed; null where the fixture's props are used. */
  propsText: string | null;
  file: string | null;
  line: number | null;
  /** Two versions side by side; null is what is on disk. */
  version: number | null;
};

export const MIN_WIDTH_PX = 280;
export const MAX_WIDTH_PX = 1600;

/** The current view. */
export const view = computed<ViewState>(() => {
  const get = (name: string): string | null => query.value.get(name);
  return {
    tab: TABS.find((tab) => tab === get('tab')) ?? 'preview',
    widthPx: toWholeNumber(get('width'), MIN_WIDTH_PX, MAX_WIDTH_PX),
    scheme: SCHEMES.find((scheme) => scheme === get('scheme')) ?? 'light',
    hasImages: get('images') === '1',
    zoom: toWholeNumber(get('zoom'), 25, 200) ?? 100,
    fixture: get('fixture'),
    locale: get('locale'),
    propsText: get('props'),
    file: get('file'),
    line: toWholeNumber(get('line'), 1, 1_000_000),
    version: toWholeNumber(get('version'), 1, 1_000_000),
  };
});

/** Changes the view, in the address. Another tab is a step that the browser's "back" takes back. */
export function setView(changes: Partial<ViewState>): void {
  setQuery(toQuery(changes), { push: changes.tab !== undefined });
}

/** The query of another template: how it is looked at stays, what was about the old one goes. */
export function toKeptQuery(): string {
  const kept = new URLSearchParams(query.value);
  for (const name of ['fixture', 'locale', 'props', 'file', 'line', 'version']) kept.delete(name);
  const text = kept.toString();
  return text === '' ? '' : `?${text}`;
}

const NAMES: Readonly<Record<keyof ViewState, string>> = {
  tab: 'tab',
  widthPx: 'width',
  scheme: 'scheme',
  hasImages: 'images',
  zoom: 'zoom',
  fixture: 'fixture',
  locale: 'locale',
  propsText: 'props',
  file: 'file',
  line: 'line',
  version: 'version',
};

const DEFAULTS: Readonly<Record<string, string>> = {
  tab: 'preview',
  scheme: 'light',
  images: '0',
  zoom: '100',
};

function toQuery(changes: Partial<ViewState>): Record<string, string | null> {
  const parts: Record<string, string | null> = {};
  for (const [key, value] of Object.entries(changes)) {
    const name = Object.entries(NAMES).find(([candidate]) => candidate === key)?.[1] ?? key;
    const text = value === null ? null : value === true ? '1' : value === false ? '0' : String(value);
    parts[name] = text === DEFAULTS[name] ? null : text;
  }
  return parts;
}

function toWholeNumber(text: string | null, min: number, max: number): number | null {
  const number = text === null ? Number.NaN : Number(text);
  return Number.isInteger(number) && number >= min && number <= max ? number : null;
}
