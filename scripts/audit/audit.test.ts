import { afterAll, beforeAll, expect, spyOn, test } from 'bun:test';
import { auditDependencies } from './audit.ts';

let registry: ReturnType<typeof Bun.serve>;
/** What the registry answers to the next question; null where it does not offer audits. */
let advisories: Record<string, unknown> | null = {};
let asked: unknown = null;

beforeAll(() => {
  registry = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      const bytes = new Uint8Array(await request.arrayBuffer());
      const isZipped = request.headers.get('content-encoding') === 'gzip';
      asked = JSON.parse(new TextDecoder().decode(isZipped ? Bun.gunzipSync(bytes) : bytes));
      return advisories === null ? new Response(null, { status: 405 }) : Response.json(advisories);
    },
  });
});
afterAll(() => registry.stop(true));

async function audit(): Promise<{ exitCode: number; said: string }> {
  const log = spyOn(console, 'log').mockImplementation(() => {});
  try {
    const exitCode = await auditDependencies({ ...process.env, NPM_CONFIG_REGISTRY: registry.url.href });
    return { exitCode, said: log.mock.calls.flat().join('\n') };
  } finally {
    log.mockRestore();
  }
}

const weakness = (severity: string) => ({
  id: 1,
  url: 'https://example.com/advisory',
  title: 'Reads too far',
  severity,
  vulnerable_versions: '<999.0.0',
});

test('asks about everything that is installed, and a grave weakness fails', async () => {
  advisories = { elysia: [weakness('critical')] };
  const { exitCode, said } = await audit();
  expect(exitCode).toBe(1);
  expect(said).toContain('critical: elysia: Reads too far https://example.com/advisory');
  expect(asked).toContainKeys(['elysia', 'react', 'postgres']);
});

test('a lesser one is told, and nothing is well too', async () => {
  advisories = { elysia: [weakness('low')] };
  expect(await audit()).toMatchObject({
    exitCode: 0,
    said: expect.stringContaining('1 known weaknesses, 0 of'),
  });
  advisories = {};
  expect(await audit()).toMatchObject({ exitCode: 0, said: expect.stringContaining('0 known weaknesses') });
});

test('a registry without audits is told, and fails nothing', async () => {
  advisories = null;
  expect(await audit()).toMatchObject({ exitCode: 0, said: expect.stringContaining('not done') });
});
