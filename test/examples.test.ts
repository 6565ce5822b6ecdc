import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { fileURLToPath } from 'node:url';
import { collectOutput } from '../server/test/support/collect-output.ts';
import { startSystem, type TestSystem } from '../server/test/support/system.ts';

const SCRIPT = fileURLToPath(new URL('../examples/bun-script/send.ts', import.meta.url));

describe('examples/bun-script', () => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await startSystem('embedded');
  }, 60_000);

  afterAll(() => system.stop());

  const run = async (apiKey: string) => {
    const child = Bun.spawn([process.execPath, SCRIPT, 'grace@example.net'], {
      env: { ...process.env, MAIL_BASE_URL: system.url, MAIL_API_KEY: apiKey },
      stdout: 'pipe',
      stderr: 'pipe',
    });
    return collectOutput(child);
  };

  test('sends a mail that arrives', async () => {
    expect(await run(system.keys.live)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^sent [0-9a-f-]{36}\n$/),
    });
    expect(system.sink.mails.map(({ to }) => to)).toEqual([['grace@example.net']]);
  });

  test('says what is wrong with a key', async () => {
    expect(await run('mk_live_wrong')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('unauthenticated'),
    });
  });
});
