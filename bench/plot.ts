import type { Plot } from './report.ts';

/** One line of a chart: the same x values for all lines of it. */
export type Series = { label: string; values: readonly number[] };

export type LineChart = {
  name: string;
  title: string;
  /** What the x values are, as in "connections". */
  xLabel: string;
  yLabel: string;
  /** Shown at equal distances, because they grow by factors. */
  xs: readonly number[];
  series: readonly Series[];
};

export type BarChart = {
  name: string;
  title: string;
  unit: string;
  bars: readonly { label: string; value: number }[];
};

const WIDTH = 640;
const HEIGHT = 300;
const EDGE = { top: 48, right: 168, bottom: 44, left: 64 };
const BAR = { height: 22, gap: 12, labelWidth: 220, valueWidth: 72 };
const GRID_LINES = 4;
const LABEL_HEIGHT = 15;
/** Told apart by people who see colours differently (Okabe and Ito), and readable on white and on black. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00'] as const;

/** Draws lines over steps, as a picture that follows the reader's light or dark page. */
export function toLineChart({ name, title, xLabel, yLabel, xs, series }: LineChart): Plot {
  const top = niceCeiling(Math.max(0, ...series.flatMap(({ values }) => values)));
  const x = (index: number) =>
    EDGE.left + (index * (WIDTH - EDGE.left - EDGE.right)) / Math.max(1, xs.length - 1);
  const y = (value: number) => HEIGHT - EDGE.bottom - (value / top) * (HEIGHT - EDGE.top - EDGE.bottom);
  const grid = Array.from({ length: GRID_LINES + 1 }, (_, step) => (top * step) / GRID_LINES).map(
    (value) =>
      `<line class="grid" x1="${EDGE.left}" x2="${WIDTH - EDGE.right}" y1="${y(value)}" y2="${y(value)}"/>${text(EDGE.left - 8, y(value) + 4, format(value), 'end')}`,
  );
  const steps = xs.map((value, index) => text(x(index), HEIGHT - EDGE.bottom + 18, format(value), 'middle'));
  const labelYs = spread(series.map(({ values }) => y(values.at(-1) ?? 0)));
  const lines = series.map(({ label, values }, index) => {
    const colour = COLOURS[index % COLOURS.length] ?? COLOURS[0];
    const points = values.map((value, at) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`);
    const dots = points.map((point) => {
      const [cx, cy] = point.split(',');
      return `<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"/>`;
    });
    const end = text(WIDTH - EDGE.right + 12, (labelYs[index] ?? 0) + 4, label, 'start');
    return `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${points.join(' ')}"/>${dots.join('')}${end}`;
  });
  const names = [
    text(EDGE.left, 38, yLabel, 'start'),
    text((EDGE.left + WIDTH - EDGE.right) / 2, HEIGHT - 8, xLabel, 'middle'),
  ];
  return { name, title, svg: toPicture(title, HEIGHT, [...grid, ...steps, ...names, ...lines]) };
}

/** Moves what lies too close to the one above it down, so that every label can be read. */
function spread(ys: readonly number[]): number[] {
  const spreadYs = [...ys];
  let above = Number.NEGATIVE_INFINITY;
  for (const index of ys
    .keys()
    .toArray()
    .toSorted((a, b) => (ys[a] ?? 0) - (ys[b] ?? 0))) {
    above = Math.max(ys[index] ?? 0, above + LABEL_HEIGHT);
    spreadYs[index] = above;
  }
  return spreadYs;
}

/** Draws bars, one below the other, each with its value. */
export function toBarChart({ name, title, unit, bars }: BarChart): Plot {
  const top = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  const room = WIDTH - BAR.labelWidth - BAR.valueWidth;
  const rows = bars.map(({ label, value }, index) => {
    const y = EDGE.top + index * (BAR.height + BAR.gap);
    const width = Math.max(1, (value / top) * room);
    const colour = COLOURS[index % COLOURS.length] ?? COLOURS[0];
    return [
      text(BAR.labelWidth - 10, y + 15, label, 'end'),
      `<rect x="${BAR.labelWidth}" y="${y}" width="${width.toFixed(1)}" height="${BAR.height}" rx="2" fill="${colour}"/>`,
      text(BAR.labelWidth + width + 8, y + 15, format(value), 'start'),
    ].join('');
  });
  const height = EDGE.top + bars.length * (BAR.height + BAR.gap) + 8;
  const heading = `${title} (${unit})`;
  return { name, title: heading, svg: toPicture(heading, height, rows) };
}

/** The next of 1, 2, 2.5, 5, 10 times a power of ten, so that the lines of the grid have short numbers. */
function niceCeiling(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 2.5, 5, 10].find((candidate) => candidate * power >= value) ?? 10;
  return factor * power;
}

function format(value: number): string {
  return value >= 10 ? Math.round(value).toLocaleString('en-GB') : String(Math.round(value * 100) / 100);
}

function text(x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${Bun.escapeHTML(content)}</text>`;
}

function toPicture(title: string, height: number, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<title>${Bun.escapeHTML(title)}</title>
<style>text{font:12px system-ui,sans-serif;fill:#57606a}.title{font-size:15px;font-weight:600}.grid{stroke:#8c959f;stroke-opacity:.3}@media(prefers-color-scheme:dark){text{fill:#9da7b1}}</style>
<text class="title" x="16" y="22">${Bun.escapeHTML(title)}</text>
${parts.join('\n')}
</svg>
`;
}
