import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Mail } from './mails.ts';

type Rendered = { html: string; text: string };

/** What we compare with, each bundled with React in production mode. */
export type ReferenceRenderers = {
  /** react-email's `render` and `toPlainText`. */
  official(mail: Mail): Promise<Rendered>;
  /** React's static markup of the tree without Tailwind, and no text: what no renderer on React can beat. */
  limit(mail: Mail, props?: unknown): string;
};

type Bundle = {
  components: Record<string, unknown>;
  official(component: unknown, props: unknown): Promise<Rendered>;
  limit(component: unknown, props: unknown): string;
};

const ENTRY = (mails: readonly Mail[]): string => `
import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { render, toPlainText } from 'react-email';
${mails.map(({ name, folder }) => `import ${name} from ${JSON.stringify(join(folder, 'index.tsx'))};`).join('\n')}
export const components = { ${mails.map(({ name }) => name).join(', ')} };
export async function official(component, props) {
  const html = await render(createElement(component, props));
  return { html, text: toPlainText(html) };
}
export function limit(component, props) {
  return renderToStaticMarkup(createElement(component, props));
}`;

/** Builds and loads both references. */
export async function loadReferenceRenderers(mails: readonly Mail[]): Promise<ReferenceRenderers> {
  const [official, plain] = [await loadBundle(mails, true), await loadBundle(mails, false)];
  const props = new Map<string, unknown>(mails.map(({ name, propsJson }) => [name, JSON.parse(propsJson)]));
  return {
    official: ({ name }) => official.official(official.components[name], props.get(name)),
    limit: ({ name }, given = props.get(name)) => plain.limit(plain.components[name], given),
  };
}

async function loadBundle(mails: readonly Mail[], hasTailwind: boolean): Promise<Bundle> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  try {
    const path = join(folder, 'bundle.mjs');
    await writeFile(path, await build(mails, hasTailwind));
    const loaded: unknown = await import(path);
    if (!isBundle(loaded)) throw new Error('The reference renderers do not load');
    return loaded;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function isBundle(value: unknown): value is Bundle {
  return typeof value === 'object' && value !== null && 'official' in value && 'limit' in value;
}

async function build(mails: readonly Mail[], hasTailwind: boolean): Promise<string> {
  const server = join(import.meta.dir, '..', 'server', 'src');
  const reactEmail = Bun.resolveSync('react-email', server);
  const result = await Bun.build({
    entrypoints: ['bench:entry'],
    target: 'bun',
    minify: true,
    external: ['prettier'],
    define: { 'process.env.NODE_ENV': '"production"' },
    jsx: { runtime: 'automatic', importSource: 'react', development: false },
    plugins: [
      {
        name: 'bench',
        setup(builder) {
          builder.onResolve({ filter: /^bench:/ }, ({ path }) => ({ path, namespace: 'bench' }));
          builder.onLoad({ filter: /^bench:entry$/, namespace: 'bench' }, () => ({
            contents: ENTRY(mails),
            loader: 'js',
          }));
          builder.onLoad({ filter: /^bench:untailored$/, namespace: 'bench' }, () => ({
            contents: `export * from ${JSON.stringify(reactEmail)};\nexport const Tailwind = ({ children }) => children;`,
            loader: 'js',
          }));
          builder.onResolve({ filter: /^react-email$/ }, () =>
            hasTailwind ? { path: reactEmail } : { path: 'bench:untailored', namespace: 'bench' },
          );
          builder.onResolve({ filter: /^react(-dom\/server|\/jsx-runtime)?$/ }, ({ path }) => ({
            path: Bun.resolveSync(path, server),
          }));
        },
      },
    ],
  });
  const output = result.outputs[0];
  if (!result.success || output === undefined) throw new AggregateError(result.logs, 'No bundle');
  return output.text();
}
