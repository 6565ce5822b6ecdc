import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { listBlocks } from '../../scripts/transcripts/blocks.ts';
import { collectOutput } from '../../server/test/support/collect-output.ts';
import { startSystem, type TestSystem } from '../../server/test/support/system.ts';

const SOURCES = fileURLToPath(new URL('../src', import.meta.url));
/** Where packages are found that only documents and tests use. */
const SERVER = fileURLToPath(new URL('../../server', import.meta.url));
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

/** The code of each document as one program: what a piece makes, later ones use. */
function readGuides(): { name: string; code: string }[] {
  const pages = Map.groupBy(listBlocks('ts'), ({ path }) => path);
  return [...pages].map(([name, blocks]) => ({ name, code: blocks.map(({ code }) => code).join('\n') }));
}

const IMPORT = /^import .* from '([^']+)';\n/gm;

/** Imports go to the head of a program; those of the SDK are there already. */
function hoistImports(code: string): { imports: string; body: string } {
  const imports = [...code.matchAll(IMPORT)]
    .filter(([, from = '']) => !from.startsWith('@org/'))
    .map(([line, from = '']) => line.replace(from, Bun.resolveSync(from, SERVER)));
  return { imports: [...new Set(imports)].join(''), body: code.replaceAll(IMPORT, '') };
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
  const { imports, body: program } = hoistImports(code);
  return `
    ${imports}
    import { answerOf, createMailer, MailError, verifyWebhook } from ${JSON.stringify(join(SOURCES, 'index.ts'))};
    import { createTestMailer, openInbox } from ${JSON.stringify(join(SOURCES, 'testing.ts'))};
    const mailer = createMailer();
    const secret = ${JSON.stringify(SECRET)};
    const request = new Request('http://127.0.0.1/', ${JSON.stringify(request)});
    {
      ${program}
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
    // Where a document has the address of `./dev start`, the test has its own.
    await Bun.write(file, toProgram(code).replaceAll('http://127.0.0.1:3025', system.url));
    // In test mode, where mail is kept for the example of an inbox.
    const env = {
      ...process.env,
      MAIL_BASE_URL: system.url,
      MAIL_API_KEY: system.keys.test,
      WEBHOOK_SECRET: SECRET,
    };
    const child = Bun.spawn([process.execPath, file], { env, stdout: 'pipe', stderr: 'pipe' });
    const { exitCode, stdout, stderr } = await collectOutput(child);
    expect(exitCode, stderr).toBe(0);
    // What an example says that it prints, it prints, as far as it says.
    for (const [, promised = ''] of code.matchAll(/console\.log\(.*\);? \/\/ (.+?)(?:\.\.\..*)?$/gm)) {
      expect(toPlain(stdout)).toContain(toPlain(promised));
    }
  };

  test.each(examples)('$name', ({ name, code }) => run(name, code), 60_000);

  const guides = readGuides();
  test.each(guides)('$name', ({ name, code }) => run(name, code), 60_000);

  test('are in the guide', () => {
    expect(guides.map(({ name }) => name)).toContain('docs/sdk.md');
  });
});

/** Without the freedom of whoever prints an object. */
function toPlain(text: string): string {
  return text.replaceAll(/\s+/g, '').replaceAll('"', "'");
}
