import { describe, expect, test } from 'bun:test';
import { fileURLToPath } from 'node:url';

const TELEMETRY = fileURLToPath(new URL('./telemetry.ts', import.meta.url));

/** The packages that a fresh process has loaded once telemetry was started. */
async function loadedBy(settings: { isTracing: boolean; isScraped: boolean }): Promise<string> {
  const script = `
    const { startTelemetry } = await import(${JSON.stringify(TELEMETRY)});
    const settings = { serviceName: 'x', metricsExport: null, ...${JSON.stringify(settings)} };
    const telemetry = await startTelemetry(settings, { warn() {} });
    const span = telemetry.tracer.enter('x', { parent: null });
    span.end();
    console.log(Object.keys(require.cache).join('\\n'), telemetry.tracer.isOn, span.traceId.length);
    await telemetry.stop();
    process.exit(0);`;
  const { stdout } = Bun.spawn([process.execPath, '-e', script], {
    env: { ...process.env, OTEL_TRACES_EXPORTER: 'console', OTEL_TRACES_SAMPLER: 'always_off' },
    stdout: 'pipe',
  });
  return new Response(stdout).text();
}

describe('telemetry', () => {
  test('that nobody asked for loads no SDK, and gives places in traces all the same', async () => {
    const loaded = await loadedBy({ isTracing: false, isScraped: false });
    expect(loaded).toContain('@opentelemetry/api');
    expect(loaded).not.toContain('@opentelemetry/sdk-metrics');
    expect(loaded).not.toContain('@opentelemetry/sdk-node');
    expect(loaded).toEndWith('false 32\n');
  });

  test('that is only read loads the part for metrics', async () => {
    const loaded = await loadedBy({ isTracing: false, isScraped: true });
    expect(loaded).toContain('@opentelemetry/sdk-metrics');
    expect(loaded).not.toContain('@opentelemetry/sdk-node');
  });

  test('that is traced loads the SDK', async () => {
    const loaded = await loadedBy({ isTracing: true, isScraped: false });
    expect(loaded).toContain('@opentelemetry/sdk-node');
    expect(loaded).toEndWith('true 32\n');
  });
});
