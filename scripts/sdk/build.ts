import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Declarations, toModuleDeclaration, writeDeclarations } from './declarations.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SDK = join(ROOT, 'sdk');
/** What people import: the package itself, and what their tests need. */
const ENTRIES = ['index', 'testing'] as const;

/** Builds the published form of the SDK into `target`: ESM and CommonJS, declarations for both, and no dependencies. */
export async function buildSdk(target: string = join(SDK, 'dist')): Promise<void> {
  await buildSdkCode(target);
  await writeTypes(target, writeDeclarations(join(SDK, 'src'), ENTRIES));
}

/** Everything but the declarations, which take most of the time and which nothing needs to run. */
export async function buildSdkCode(target: string): Promise<void> {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  for (const entry of ENTRIES) {
    await bundle(entry, { target, format: 'esm', extension: 'js' });
    await bundle(entry, { target, format: 'cjs', extension: 'cjs' });
  }
  await Bun.write(join(target, 'package.json'), `${JSON.stringify(await toManifest(), null, 2)}\n`);
  copyFileSync(join(ROOT, 'LICENSE'), join(target, 'LICENSE'));
  copyFileSync(join(SDK, 'README.md'), join(target, 'README.md'));
}

type Form = { target: string; format: 'esm' | 'cjs'; extension: 'js' | 'cjs' };

async function bundle(entry: (typeof ENTRIES)[number], { target, format, extension }: Form): Promise<void> {
  const { outputs } = await Bun.build({
    entrypoints: [join(SDK, 'src', `${entry}.ts`)],
    // Nothing of a platform's own is assumed, so that it runs on each.
    target: 'browser',
    format,
    plugins: [
      {
        name: 'one copy',
        setup(build) {
          // Two copies of the package would have two classes of error, and `instanceof` would know one of them.
          build.onResolve({ filter: /\/index\.ts$/ }, () =>
            entry === 'index' ? undefined : { path: `./index.${extension}`, external: true },
          );
        },
      },
    ],
  });
  const [output] = outputs;
  if (!output || outputs.length > 1) throw new Error(`${entry} came to ${outputs.length} files`);
  await Bun.write(join(target, `${entry}.${extension}`), await output.text());
}

async function writeTypes(target: string, declarations: Declarations): Promise<void> {
  for (const [name, text] of declarations) {
    mkdirSync(dirname(join(target, name)), { recursive: true });
    await Bun.write(join(target, `${name}.d.ts`), toModuleDeclaration(text, 'js'));
    await Bun.write(join(target, `${name}.d.cts`), toModuleDeclaration(text, 'cjs'));
  }
}

async function toManifest(): Promise<Record<string, unknown>> {
  const { name, version, license }: Record<string, unknown> = await Bun.file(
    join(SDK, 'package.json'),
  ).json();
  const entry = (file: string) => ({
    import: { types: `./${file}.d.ts`, default: `./${file}.js` },
    require: { types: `./${file}.d.cts`, default: `./${file}.cjs` },
  });
  return {
    name,
    version,
    description: 'Client of a self-hosted transactional email service',
    license,
    type: 'module',
    sideEffects: false,
    // The first with process.getBuiltinModule, by which attachments are read by path.
    engines: { node: '>=20.16' },
    main: './index.cjs',
    module: './index.js',
    types: './index.d.ts',
    exports: { '.': entry('index'), './testing': entry('testing'), './package.json': './package.json' },
  };
}
