import { describe, expect, test } from 'bun:test';
import { createMetrics } from '../server/src/lib/telemetry/metrics.ts';
import { createTestMeter } from '../server/test/support/test-meter.ts';

const FOLDER = new URL('../examples/observability/', import.meta.url);

const readText = (path: string, from: URL = FOLDER) => Bun.file(new URL(path, from)).text();

/** The names of every series that /metrics can show: each instrument is used once. */
async function listSeries(): Promise<Set<string>> {
  const meter = createTestMeter();
  const { service, pools, breakerState, ...others } = createMetrics(meter.provider);
  for (const instrument of Object.values(others)) {
    if ('add' in instrument) instrument.add(1);
    else instrument.record(1);
  }
  service.report({
    waiting: 1,
    delayed: 1,
    active: 1,
    oldestQueuedMs: 1,
    deadLetters: 1,
    oldestWebhookMs: 1,
  });
  pools.watch('a pool', () => ({ size: 1, used: 1, waiting: 1 }));
  breakerState.addCallback((result) => result.observe(0));
  const text = await meter.scrape();
  return new Set(Array.from(text.matchAll(/^([a-z_]+)(?:\{|\s)/gm), ([, name = '']) => name));
}

function namesIn(text: string): string[] {
  return Array.from(text.matchAll(/\b(?:mail|process)_[a-z_]+\b/g), ([name]) => name);
}

function membersOf(holder: unknown, name: string): unknown[] {
  if (Array.isArray(holder)) return holder.flatMap((item) => membersOf(item, name));
  if (typeof holder !== 'object' || holder === null) return [];
  return Object.entries(holder).flatMap(([key, value]) => {
    const own: unknown[] = key === name ? [value] : [];
    return own.concat(membersOf(value, name));
  });
}

describe('examples/observability', () => {
  test.each(['grafana/dashboards/mail-service.json', 'alerts.yml'])(
    '%s asks for nothing but series that /metrics shows',
    async (path) => {
      const text = await readText(path);
      const parsed: unknown = path.endsWith('.json') ? JSON.parse(text) : Bun.YAML.parse(text);
      const asked = membersOf(parsed, 'expr').flatMap((expression) => namesIn(String(expression)));
      expect(asked.length).toBeGreaterThan(10);
      const series = await listSeries();
      expect(asked.filter((name) => !series.has(name))).toEqual([]);
    },
  );

  test('docs/observability.md explains every series, and no other', async () => {
    const series = new Set(
      Array.from(await listSeries(), (name) => name.replace(/_(?:bucket|sum|count)$/, '')),
    );
    const text = await readText('docs/observability.md', new URL('../', import.meta.url));
    const rows = text
      .split('\n')
      .filter((line) => line.startsWith('| `mail_') || line.startsWith('| `process_'));
    const explained = new Set(rows.flatMap((row) => namesIn(row.split('|')[1] ?? '')));
    series.delete('target_info');
    expect([...series].filter((name) => !explained.has(name))).toEqual([]);
    expect([...explained].filter((name) => !series.has(name))).toEqual([]);
  });

  test('alerts have a name, a severity and a summary each, and the dashboard no place twice', async () => {
    const rules: unknown = Bun.YAML.parse(await readText('alerts.yml'));
    const names = membersOf(rules, 'alert');
    expect(new Set(names).size).toBe(names.length);
    expect(membersOf(rules, 'severity')).toHaveLength(names.length);
    expect(membersOf(rules, 'summary')).toHaveLength(names.length);
    const dashboard: unknown = JSON.parse(await readText('grafana/dashboards/mail-service.json'));
    const places = membersOf(dashboard, 'gridPos').map((place) => JSON.stringify(place));
    expect(new Set(places).size).toBe(places.length);
  });

  test('the files that compose.yml mounts are there, and it reads the ports that the service has', async () => {
    const root = new URL('../', import.meta.url);
    const compose: unknown = Bun.YAML.parse(await readText('compose.yml', root));
    const mounts = membersOf(compose, 'volumes')
      .flatMap((list) => (Array.isArray(list) ? list : []))
      .map((mount) => String(mount).split(':')[0] ?? '')
      .filter((source) => source.startsWith('./'));
    expect(mounts.length).toBeGreaterThan(3);
    // Throws, naming the file, where it is not there.
    for (const path of mounts) await Bun.file(new URL(path, root)).stat();
    const prometheus: unknown = Bun.YAML.parse(await readText('prometheus.yml'));
    expect(membersOf(prometheus, 'port')).toEqual([3025, 3026]);
    expect(membersOf(compose, 'WORKER_PORT')).toEqual(['3026']);
  });
});
