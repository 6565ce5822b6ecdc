import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startPreview } from '../../src/preview/start.ts';
import type { ServiceAddress } from '../../src/preview/service.ts';

export type PreviewStage = {
  url: string;
  folder: string;
  /** Writes a file of a template as an editor would. */
  save(path: string, text: string): void;
  remove(path: string): void;
  call(path: string, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
};

/** A folder of templates with a preview of it. */
export async function openPreviewStage(
  files: Readonly<Record<string, string>>,
  service: ServiceAddress | null = null,
): Promise<PreviewStage> {
  const base = mkdtempSync(join(tmpdir(), 'preview-'));
  const folder = join(base, 'templates');
  const save = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  for (const [path, text] of Object.entries(files)) save(path, text);
  // One cache for all tests of a machine: what it holds is named by its content.
  const cacheDir = join(tmpdir(), 'preview-tests-cache');
  const preview = await startPreview({ folder, port: 0, cacheDir, service });
  return {
    url: preview.url,
    folder,
    save,
    remove: (path) => rmSync(join(folder, path), { recursive: true, force: true }),
    call: (path, init) => fetch(preview.url + path, init),
    async close() {
      await preview.stop();
      rmSync(base, { recursive: true, force: true });
    },
  };
}

/** A request that the pages themselves would make. */
export function asPage(body: unknown): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-mail-pages': '1' },
    body: JSON.stringify(body),
  };
}

/** A small template with a schema, texts in two languages, and a link. */
export const GREETING: Readonly<Record<string, string>> = {
  'greeting/index.tsx': `import { Body, Head, Html, Link, Preview, Text } from 'react-email';
export const schema = {
  type: 'object',
  properties: { name: { type: 'string', minLength: 1 }, plan: { enum: ['free', 'paid'] } },
  required: ['name'],
  additionalProperties: false,
};
export const PreviewProps = { name: 'Ada' };
export const subject = ({ name, t }) => t('subject', { name });
export default function Greeting({ name, t, locale }) {
  return (
    <Html lang={locale}>
      <Head />
      <Preview>Hello there</Preview>
      <Body>
        <Text>{t('hello', { name })}</Text>
        <Link href="https://example.com/start">Start</Link>
        <div style={{ height: 3000 }} />
      </Body>
    </Html>
  );
}
`,
  'greeting/messages/en.json': '{ "subject": "Hello {name}", "hello": "Hello {name}" }',
  'greeting/messages/de.json': '{ "subject": "Hallo {name}", "hello": "Hallo {name}" }',
  'greeting/fixtures/long-name.json': '{ "name": "Hubert Blaine Wolfeschlegelsteinhausenbergerdorff" }',
  'accounts/plain/index.tsx': `export const subject = 'Plain';
export default function Plain() { return <p>Plain mail</p>; }
`,
};
