type Stats = Record<string, Record<string, Record<string, string>>>;

/** One feature of caniemail's data. */
export type Feature = { category: string; title: string; stats: Stats };

/** For each property, `property:value`, function (`clamp()`) or at-rule, the clients that ignore it. */
export type CssSupport = Record<string, string[]>;

const GMAIL = 'gmail';

/**
 * Whose support counts. Outlook for Windows is left out: it ignores what every mail of today uses and degrades
 * gracefully, and warnings that nobody can act on hide the others.
 */
const CLIENTS: readonly (readonly [family: string, platforms: Readonly<Record<string, string>>])[] = [
  [GMAIL, { 'desktop-webmail': 'Gmail', ios: 'Gmail on iOS', android: 'Gmail on Android' }],
  ['apple-mail', { macos: 'Apple Mail', ios: 'Apple Mail on iOS' }],
  ['outlook', { 'outlook-com': 'Outlook.com', macos: 'Outlook on macOS', ios: 'Outlook on iOS' }],
  ['yahoo', { 'desktop-webmail': 'Yahoo Mail' }],
];

/** Reads caniemail's features into a table of what Gmail, or at least two of the other big clients, ignore. */
export function toCssSupport(features: readonly Feature[]): CssSupport {
  const rows = features
    .filter(({ category }) => category === 'css')
    .flatMap(({ title, stats }) => {
      const clients = findIgnorant(stats);
      return clients.length === 0 ? [] : namesOf(title).map((name) => [name, clients] as const);
    });
  return Object.fromEntries(rows.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Media queries and fonts fall back by design; `lang()` is a selector, and the sizes are values. */
const IGNORED = new Set(['@media', '@font-face', 'lang()', 'fit-content', 'max-content', 'min-content']);

/** `gap, column-gap, row-gap` are three; selectors, units and media features are not looked for in a mail's styles. */
function namesOf(title: string): string[] {
  return title
    .replace(/ (?:property|shorthand)$/, '')
    .split(/, | & /)
    .map((name) => name.trim().replace(/:\s+/, ':'))
    .filter((name) => /^(?:@[a-z-]+|[a-z-]+(?::[a-z-]+|\(\))?)$/.test(name) && !IGNORED.has(name));
}

function findIgnorant(stats: Stats): string[] {
  const found = CLIENTS.map(([family, platforms]) => ({
    family,
    labels: Object.entries(platforms).flatMap(([platform, label]) =>
      latestOf(stats[family]?.[platform])?.startsWith('n') ? [label] : [],
    ),
  })).filter(({ labels }) => labels.length > 0);
  const isWorthAWord = found.length > 1 || found[0]?.family === GMAIL;
  return isWorthAWord ? found.flatMap(({ labels }) => labels) : [];
}

/** The last tested version or date; keys that look like numbers lose their order in an object. */
function latestOf(versions: Record<string, string> | undefined): string | undefined {
  const last = Object.keys(versions ?? {})
    .toSorted(compareVersions)
    .at(-1);
  return last === undefined ? undefined : versions?.[last];
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(/[.-]/).map(Number));
  for (let index = 0; index < Math.max(left?.length ?? 0, right?.length ?? 0); index++) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
