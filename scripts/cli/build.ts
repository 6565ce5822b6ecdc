import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const WORKSPACES = { server: 'mail-server', sdk: 'mail-sdk', cli: 'mailctl', web: 'web' } as const;
/** Installed because something names them as a peer or for a command line of its own; nothing here loads them. */
const UNUSED = ['typescript', '@typescript', 'esbuild', '@esbuild', 'bun-types', '@types', '@org', '.bin'];
const LEFT_OUT = /(\.test\.tsx?|\.d\.[cm]?ts|\.map|\.md|\.flow)$|\/(fixtures|__tests__|docs)\//;

/** Makes `dist/mailctl`: Bun, the program, what it depends on, the starters and the migrations in one executable file. */
export async function buildExecutable(outfile = join(ROOT, 'dist', 'mailctl')): Promise<string> {
  const stage = mkdtempSync(join(tmpdir(), 'mailctl-build-'));
  try {
    installInto(stage);
    const archive = await pack(stage);
    const version = createHash('sha256').update(archive).digest('hex').slice(0, 16);
    writeFileSync(join(stage, 'app.tar.gz'), archive);
    const entry = join(stage, 'entry.ts');
    writeFileSync(entry, toEntry(version));
    cpSync(join(ROOT, 'scripts/cli/launcher.ts'), join(stage, 'launcher.ts'));
    mkdirSync(join(outfile, '..'), { recursive: true });
    const built = await Bun.build({
      entrypoints: [entry],
      // What is unpacked is found by its package.json files; nothing of the folder it is called in may steer it.
      compile: {
        outfile,
        autoloadPackageJson: true,
        autoloadTsconfig: false,
        autoloadDotenv: false,
        autoloadBunfig: false,
      },
      minify: true,
    });
    if (!built.success) throw new Error('the launcher does not compile', { cause: built.logs });
    chmodSync(outfile, 0o755);
    return outfile;
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

function toEntry(version: string): string {
  return `import archive from './app.tar.gz' with { type: 'file' };
import { launch } from './launcher.ts';
await launch({ archive, version: ${JSON.stringify(version)} });
`;
}

/**
 * From the lockfile, without what only development needs, and without links: an archive keeps none. Packages come from Bun's cache,
 * where installing this repository has left them, or else over the network.
 *
 * @throws Error where neither has them
 */
export function installInto(stage: string): void {
  for (const path of [
    'package.json',
    'bun.lock',
    'patches',
    ...Object.keys(WORKSPACES).map((name) => `${name}/package.json`),
  ]) {
    cpSync(join(ROOT, path), join(stage, path), { recursive: true });
  }
  cpSync(join(ROOT, 'cli/bin'), join(stage, 'cli/bin'), { recursive: true });
  const args = ['install', '--production', '--frozen-lockfile', '--ignore-scripts', '--linker', 'hoisted'];
  const { exitCode, stderr } = Bun.spawnSync([process.execPath, ...args], {
    cwd: stage,
    stdout: 'ignore',
    stderr: 'pipe',
  });
  if (exitCode !== 0) throw new Error(`the dependencies could not be installed: ${stderr.toString()}`);
  const modules = join(stage, 'node_modules');
  for (const name of UNUSED) rmSync(join(modules, name), { recursive: true, force: true });
  for (const [folder, name] of Object.entries(WORKSPACES)) {
    for (const part of ['package.json', 'src'])
      cpSync(join(ROOT, folder, part), join(modules, '@org', name, part), { recursive: true });
  }
  // Where the sources look for the starters, seen from where they are now.
  cpSync(join(ROOT, 'templates'), join(modules, '@org', 'templates'), { recursive: true });
}

async function pack(stage: string): Promise<Uint8Array<ArrayBuffer>> {
  const files = readdirSync(join(stage, 'node_modules'), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !LEFT_OUT.test(path))
    .toSorted();
  const contents = Object.fromEntries(files.map((path) => [relative(stage, path), readFileSync(path)]));
  return new Bun.Archive(contents, { compress: 'gzip', level: 9 }).bytes();
}
