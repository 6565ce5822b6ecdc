import { fileURLToPath } from 'node:url';
export type { Features, PartName } from './parts.ts';

/** One file that a browser asks for, ready to be sent. */
export type PageFile = { type: string; body: Uint8Array<ArrayBuffer>; gzipped: Uint8Array<ArrayBuffer> };

/** What a page loads: the names of its script and style, and every file by its name. */
export type PageBundle = { script: string; style: string; files: ReadonlyMap<string, PageFile> };

const SCRIPT = fileURLToPath(new URL('./main.tsx', import.meta.url));
const STYLE = fileURLToPath(new URL('./styles.css', import.meta.url));

/**
 * Bundles the pages from their sources, which takes a tenth of a second: nobody who uses them has a build step, and what is
 * served can never be older than what is installed. File names carry a hash of their content, so that they may be cached
 * for ever.
 */
export async function bundlePages(): Promise<PageBundle> {
  const options = {
    target: 'browser',
    format: 'esm',
    splitting: true,
    minify: true,
    // The same wall as around templates: no import may run code while it is being bundled.
    macros: false,
    naming: { entry: '[name]-[hash].[ext]', chunk: '[name]-[hash].[ext]' },
    jsx: { runtime: 'automatic', importSource: 'preact', development: false },
    define: { 'process.env.NODE_ENV': '"production"' },
  } as const;
  const built = await Bun.build({ ...options, entrypoints: [SCRIPT, STYLE] });
  if (!built.success) throw new Error('The pages do not bundle', { cause: built.logs });
  const files = new Map<string, PageFile>();
  for (const output of built.outputs) files.set(toName(output.path), await toFile(output));
  return { script: findEntry(files, 'main', 'js'), style: findEntry(files, 'styles', 'css'), files };
}

async function toFile(output: Blob): Promise<PageFile> {
  const body = new Uint8Array(await output.arrayBuffer());
  const type = output.type.startsWith('text/css')
    ? 'text/css; charset=utf-8'
    : 'text/javascript; charset=utf-8';
  return { type, body, gzipped: Bun.gzipSync(body, { level: 9 }) };
}

function toName(path: string): string {
  return path.replace(/^.*[/\\]/, '');
}

function findEntry(files: ReadonlyMap<string, PageFile>, name: string, extension: string): string {
  const found = [...files.keys()].find(
    (file) => file.startsWith(`${name}-`) && file.endsWith(`.${extension}`),
  );
  if (found === undefined) throw new Error(`The bundle has no ${name}.${extension}`);
  return found;
}
