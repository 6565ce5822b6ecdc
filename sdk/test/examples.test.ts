import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { collectOutput } from '../../server/test/support/collect-output.ts';
import { startSystem, type TestSystem } from '../../server/test/support/system.ts';

const SOURCES = fileURLToPath(new URL('../src', import.meta.url));
const GUIDE = fileURLToPath(new URL('../../docs/sdk.md', import.meta.url));
const SECRET = `whsec_${Buffer.from('of the examples').toString('base64')}`;

/** Every `@example`, by the file and the line that it stands in. */
function findExamples(): { name: string; code: string }[] {
  const files = [...new Bun.Glob('**/*.ts').scanSync(SOURCES)]
    .filter((file) => !file.endsWith('.test.ts'))
    .sort();
  return files.flatMap((file) => {
    const text = readFileSync(join(SOURCES, file), 'utf8');
    return [...text.matchAll(/@example\n((?:\s*\* ?(?!@).*\n)+?)\s*\*\//g)].map((match) => ({
      name: `${file}:${text.slice(0, match.index).split('\n').length}`,
      code: (match[1] ?? '').replaceAll(/^\s*\* ?/gm, ''),
    }));
  });
}

/** The code of docs/sdk.md as one program: what a piece makes, later ones use. Imports go to its head. */
function readGuide(): string {
  const text = readFileSync(GUIDE, 'utf8');
  const code = [...text.matchAll(/```ts\n([^]*?)```/g)].map(([, piece = '']) => piece).join('\n');
  return code.replaceAll(/^import .*\n/gm, '');
}

/** What an example takes for given: a mailer, and a webhook that came in. */
function toProgram(code: string): string {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const body = JSON.stringify({ type: 'message.sent', timestamp: new Date().toISOString(), data: {} });
  const mac = createHmac('sha256', Buffer.from(SECRET.slice(6), 'base64'));
  const signature = mac.update(`id.${timestamp}.${body}`).digest('base64');
  const headers = {
    'webhook-id': 'id',
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  };
  const request = { method: 'POST', body, headers };
  return `
    import { answerOf, createMailer, MailError, verifyWebhook } from ${JSON.stringify(join(SOURCES, 'index.ts'))};
    import { createTestMailer, openInbox } from ${JSON.stringify(join(SOURCES, 'testing.ts'))};
    const mailer = createMailer();
    const secret = ${JSON.stringify(SECRET)};
    const request = new Request('http://127.0.0.1/', ${JSON.stringify(request)});
    {
      ${code}
    }
  `;
}

describe('examples in the documentation', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sdk-examples-'));
  const examples = findExamples();
  let system: TestSystem;

  beforeAll(async () => {
    system = await startSystem('embedded');
    await system.pushTemplate(
      'welcome',
      'export const subject = "Hi"; export default (p) => <p>{p.name}</p>;',
    );
  }, 60_000);

  afterAll(async () => {
    await system.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('there are some', () => {
    expect(examples.length).toBeGreaterThanOrEqual(10);
  });

  const run = async (name: string, code: string): Promise<void> => {
    const file = join(folder, `${name.replaceAll(/\W/g, '-')}.ts`);
    await Bun.write(file, toProgram(code));
    // In test mode, where mail is kept for the example of an inbox.
    const env = { ...process.env, MAIL_BASE_URL: system.url, MAIL_API_KEY: system.keys.test };
    const child = Bun.spawn([process.execPath, file], { env, stdout: 'pipe', stderr: 'pipe' });
    const { exitCode, stdout, stderr } = await collectOutput(child);
    expect(exitCode, stderr).toBe(0);
    // What an example says that it prints, it prints, as far as it says.
    for (const [, promised = ''] of code.matchAll(/console\.log\(.*\);? \/\/ (.+?)(?:\.\.\..*)?$/gm)) {
      expect(toPlain(stdout)).toContain(toPlain(promised));
    }
  };

  test.each(examples)('$name', ({ name, code }) => run(name, code), 60_000);

  test('docs/sdk.md', async () => {
    const code = readGuide();
    expect(code).toContain('verifyWebhook');
    await run('guide', code);
  }, 60_000);
});

/** Without the freedom of whoever prints an object. */
function toPlain(text: string): string {
  return text.replaceAll(/\s+/g, '').replaceAll('"', "'");
}
