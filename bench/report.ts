/** What a benchmark found: a Markdown table for people, the figures under their fixed names, and pictures of them. */
export type BenchReport = {
  table: string;
  figures: Readonly<Record<string, unknown>>;
  plots?: readonly Plot[];
};

/** A picture of a report: an SVG, by the name of its file without the ending. */
export type Plot = { name: string; title: string; svg: string };

/** Writes rows as a Markdown table; the first row is the header. */
export function toTable([header = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The value below which the given share of the values lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? Number.NaN;
}

/** Rounds to three decimals, which is more than a shared machine can tell apart. */
export function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
