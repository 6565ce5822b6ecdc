import { existsSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { CommandError } from '../../command-error.ts';
import { programName } from '../../environment.ts';
import { outputOf, type OutputFlags } from '../../options.ts';
import { bold, dim, green } from '../../output.ts';
import { askChoices, askText, isInteractive } from '../../prompt.ts';
import { NO_STARTER, readStarter, STARTERS } from '../../starters.ts';
import { writeWhole } from '../../write-file.ts';
import { PROJECT_VERSIONS } from './versions.ts';

type InitFlags = OutputFlags & { template?: string[]; dir: string };

type Made = { path: string; what: 'created' | 'changed' | 'kept' };

/** `mailctl init` */
export async function init(given: string | undefined, flags: InitFlags): Promise<void> {
  const folder = given ?? (await askForFolder(flags));
  const names = await chooseStarters(flags);
  const files = await toFiles(folder, names, flags.dir);
  const made: Made[] = [];
  for (const [path, content] of files) made.push(await writeNew(path, content));
  made.push(await ignoreData(join(folder, '.gitignore')));
  tell(folder, made, flags);
}

async function askForFolder(flags: InitFlags): Promise<string> {
  // Here is a good answer where nobody can be asked.
  if (!isInteractive(flags)) return '.';
  return askText(flags, { message: 'Which folder?', initial: '.', missing: '' });
}

async function chooseStarters(flags: InitFlags): Promise<readonly string[]> {
  const names = flags.template ?? (await askForStarters(flags));
  if (!names.includes(NO_STARTER)) return names;
  if (names.length === 1) return [];
  throw new CommandError('usage', `--template takes starters or "${NO_STARTER}", not both.`);
}

async function askForStarters(flags: InitFlags): Promise<string[]> {
  if (!isInteractive(flags)) return ['welcome'];
  return askChoices(flags, {
    message: 'Which templates to begin with?',
    choices: STARTERS.map(({ name, description }) => ({ value: name, label: name, hint: description })),
    missing: '',
  });
}

async function toFiles(folder: string, names: readonly string[], dir: string): Promise<[string, string][]> {
  const templates = await Promise.all(
    names.map(async (name) =>
      Object.entries(await readStarter(name)).map(([path, source]): [string, string] => [
        join(folder, dir, name, path),
        source,
      ]),
    ),
  );
  return [
    ...templates.flat(),
    [join(folder, 'package.json'), toManifest(folder)],
    [join(folder, 'tsconfig.json'), toTsconfig(dir)],
  ];
}

/** This program, and the versions that the service itself renders with, so that an editor knows what a push will do. */
function toManifest(folder: string): string {
  const content = {
    name:
      basename(resolve(folder))
        .toLowerCase()
        .replaceAll(/[^a-z0-9-]+/g, '-') || 'mails',
    private: true,
    type: 'module',
    scripts: { check: 'mailctl template lint --strict', push: 'mailctl template push' },
    devDependencies: PROJECT_VERSIONS,
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

function toTsconfig(dir: string): string {
  const content = {
    compilerOptions: {
      target: 'ESNext',
      module: 'Preserve',
      moduleResolution: 'bundler',
      jsx: 'react-jsx',
      strict: true,
      skipLibCheck: true,
      allowImportingTsExtensions: true,
      resolveJsonModule: true,
      noEmit: true,
    },
    include: [dir],
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

async function writeNew(path: string, content: string): Promise<Made> {
  if (existsSync(path)) return { path, what: 'kept' };
  await writeWhole(path, content);
  return { path, what: 'created' };
}

const DATA_FOLDER = '.mailer/';

/** What `mailctl dev` keeps holds keys, and must not be committed. */
async function ignoreData(path: string): Promise<Made> {
  const before = existsSync(path) ? await readFile(path, 'utf8') : '';
  if (before.split(/\r?\n/).includes(DATA_FOLDER)) return { path, what: 'kept' };
  const content = `${before === '' || before.endsWith('\n') ? '' : '\n'}${DATA_FOLDER}\n`;
  if (before === '') await writeWhole(path, `node_modules/\n${content}`);
  else await appendFile(path, content);
  return { path, what: before === '' ? 'created' : 'changed' };
}

/** For a project that has a package.json of its own, which is left as it is. */
const PACKAGES = Object.entries(PROJECT_VERSIONS)
  .map(([name, version]) => `${name}@${version}`)
  .join(' ');

function tell(folder: string, made: readonly Made[], flags: InitFlags): void {
  const name = programName();
  const pathsOf = (wanted: Made['what']) => made.flatMap(({ path, what }) => (what === wanted ? [path] : []));
  const kept = pathsOf('kept');
  const answer = { folder, created: pathsOf('created'), changed: pathsOf('changed'), kept };
  outputOf(flags).answer(answer, () =>
    [
      ...made.map(({ path, what }) =>
        what === 'kept' ? dim(`kept     ${path}`) : `${green(what)}  ${path}`,
      ),
      '',
      bold('Next'),
      ...(relative('.', folder) === '' ? [] : [`  cd ${folder}`]),
      kept.some((path) => basename(path) === 'package.json')
        ? `  npm install -D ${PACKAGES}\n${' '.repeat(27)}mailctl for scripts and CI, types for your editor`
        : '  npm install              mailctl for scripts and CI, types for your editor',
      `  ${name} dev              the whole service here, pushing as you save`,
      `  ${name} template lint    what mail clients would break`,
    ].join('\n'),
  );
}
