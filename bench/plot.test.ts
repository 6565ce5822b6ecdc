import { expect, test } from 'bun:test';
import { toBarChart, toLineChart } from './plot.ts';

const attributes = (svg: string, element: string, name: string): number[] =>
  [...svg.matchAll(new RegExp(`<${element}[^>]* ${name}="([^"]+)"`, 'g'))].map(([, value]) => Number(value));

test('bars are as long as their values are to one another', () => {
  const { svg } = toBarChart({
    name: 'accepted',
    title: 'Accepted',
    unit: 'requests/s',
    bars: [
      { label: 'one', value: 1000 },
      { label: 'two & more', value: 250 },
    ],
  });
  const [first = 0, second = 0] = attributes(svg, 'rect', 'width');
  expect(first / second).toBeCloseTo(4, 1);
  expect(svg).toContain('two &amp; more');
  expect(svg).toContain('Accepted (requests/s)');
});

test('points of a line lie at the heights of their values, on one scale for all lines', () => {
  const { svg } = toLineChart({
    name: 'accepted',
    title: 'Accepted',
    xLabel: 'connections',
    yLabel: 'requests/s',
    xs: [1, 16],
    series: [
      { label: 'a', values: [0, 50] },
      { label: 'b', values: [100, 50] },
    ],
  });
  const heights = attributes(svg, 'circle', 'cy');
  const [zero = 0, half = 0, full = 0, sameHalf = 0] = heights;
  expect(sameHalf).toBe(half);
  expect(zero - half).toBeCloseTo(half - full, 1);
  expect(full).toBeLessThan(zero);
});

test('lines that end at the same height have labels that can be read', () => {
  const series = ['a', 'b', 'c'].map((label) => ({ label, values: [1, 2] }));
  const { svg } = toLineChart({ name: 'x', title: 'x', xLabel: '', yLabel: '', xs: [1, 2], series });
  const labels = [...svg.matchAll(/ y="([\d.]+)" text-anchor="start">[abc]</g)].map(([, y]) => Number(y));
  expect(labels).toHaveLength(3);
  expect((labels[1] ?? 0) - (labels[0] ?? 0)).toBeGreaterThanOrEqual(15);
  expect((labels[2] ?? 0) - (labels[1] ?? 0)).toBeGreaterThanOrEqual(15);
});

test('a chart without values is still a picture', () => {
  expect(toBarChart({ name: 'none', title: 'none', unit: '', bars: [] }).svg).toContain('</svg>');
  const lines = { name: 'none', title: 'none', xLabel: '', yLabel: '', xs: [], series: [] };
  expect(toLineChart(lines).svg).not.toContain('NaN');
});
