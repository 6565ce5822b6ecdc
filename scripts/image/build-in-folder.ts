import { cpSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DockerfileParser, type Instruction } from 'dockerfile-ast';
import { parseIgnored } from './ignored-files.ts';

/** What a Dockerfile says about its last stage, with every path inside a folder. */
export type FolderImage = {
  /** The folder that stands for `/`. */
  root: string;
  workdir: string;
  user: string;
  env: Record<string, string>;
  command: readonly string[];
  healthCheck: readonly string[];
  /** The steps that were run, for an error message. */
  steps: readonly string[];
};

export type BuildOptions = {
  /** The folder with the Dockerfile. */
  context: string;
  /** An empty folder for the stages. */
  folder: string;
  /** Stands in the place of what the base image brings. */
  bun: string;
};

type Stage = Omit<FolderImage, 'steps'> & { name: string };

/**
 * Does what a build does where there is no container engine: each stage is a folder, COPY copies what .dockerignore lets
 * through, RUN runs. The base image is this machine's, with its `bun`. Owners are left alone.
 *
 * @throws Error where a step fails, or is one that it cannot do
 */
export async function buildInFolder({ context, folder, bun }: BuildOptions): Promise<FolderImage> {
  const dockerfile = DockerfileParser.parse(readFileSync(join(context, 'Dockerfile'), 'utf8'));
  const ignored = parseIgnored(readFileSync(join(context, '.dockerignore'), 'utf8'));
  const stages: Stage[] = [];
  const steps: string[] = [];
  for (const instruction of dockerfile.getInstructions()) {
    const keyword = instruction.getKeyword();
    const stage = stages.at(-1);
    steps.push(`${keyword} ${textOf(instruction)}`);
    if (keyword === 'FROM') stages.push(startStage(instruction, { folder, bun, number: stages.length }));
    else if (!stage) throw new Error(`${keyword} comes before FROM`);
    else if (keyword === 'COPY') copy(instruction, { stage, stages, context, ignored });
    else if (keyword === 'RUN') await run(instruction, stage);
    else note(keyword, instruction, stage);
  }
  const last = stages.at(-1);
  if (!last) throw new Error('a Dockerfile without a stage');
  return { ...last, steps };
}

function startStage(
  instruction: Instruction,
  { folder, bun, number }: { folder: string; bun: string; number: number },
): Stage {
  const [, , name = String(number)] = textOf(instruction).split(/\s+/);
  const root = join(folder, `stage-${number}`);
  const bin = join(root, 'usr/local/bin');
  mkdirSync(bin, { recursive: true });
  cpSync(bun, join(bin, 'bun'));
  // Giving files away takes root; who may write what is up to whoever runs the image.
  const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}`, HOME: join(root, 'home') };
  return { name, root, workdir: root, user: 'root', env, command: [], healthCheck: [] };
}

type Copy = {
  stage: Stage;
  stages: readonly Stage[];
  context: string;
  ignored: (path: string) => boolean;
};

function copy(instruction: Instruction, { stage, stages, context, ignored }: Copy): void {
  const words = textOf(instruction).split(/\s+/);
  const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length);
  const source = from === undefined ? null : stages.find(({ name }) => name === from);
  if (source === undefined) throw new Error(`COPY --from=${from}: no such stage`);
  const paths = words.filter((word) => !word.startsWith('--'));
  const to = paths.pop() ?? '';
  const target = within(stage, to);
  for (const path of paths) {
    const origin = source ? within(source, path) : join(context, path);
    const isFolder = statSync(origin).isDirectory();
    const intoFolder = !isFolder && (to.endsWith('/') || paths.length > 1);
    const destination = intoFolder ? join(target, path.split('/').at(-1) ?? '') : target;
    if (source) cpSync(origin, destination, { recursive: true, verbatimSymlinks: true });
    else copyFromContext({ context, path, destination, ignored });
  }
}

type ContextCopy = {
  context: string;
  path: string;
  destination: string;
  ignored: (path: string) => boolean;
};

function copyFromContext({ context, path, destination, ignored }: ContextCopy): void {
  const origin = join(context, path);
  if (statSync(origin).isDirectory()) {
    for (const name of readdirSync(origin)) {
      copyFromContext({ context, path: `${path}/${name}`, destination: join(destination, name), ignored });
    }
    return;
  }
  if (ignored(path)) return;
  mkdirSync(dirname(destination), { recursive: true });
  cpSync(origin, destination);
}

async function run(instruction: Instruction, stage: Stage): Promise<void> {
  const text = textOf(instruction);
  const command = `chown() { :; }\n${text}`;
  mkdirSync(stage.workdir, { recursive: true });
  const child = Bun.spawn(['/bin/sh', '-e', '-c', command], {
    cwd: stage.workdir,
    env: stage.env,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [output, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) !== 0) {
    throw new Error(`RUN ${text} failed:\n${output}${errors}`);
  }
}

/** What runs nothing. */
function note(keyword: string, instruction: Instruction, stage: Stage): void {
  const text = textOf(instruction);
  switch (keyword) {
    case 'WORKDIR':
      stage.workdir = within(stage, text);
      return;
    case 'ENV':
      for (const word of text.split(/\s+/)) {
        const [name = '', ...value] = word.split('=');
        stage.env[name] = withinValue(stage, value.join('='));
      }
      return;
    case 'USER':
      stage.user = text;
      return;
    case 'CMD':
      stage.command = toCommand(text);
      return;
    case 'HEALTHCHECK':
      stage.healthCheck = toCommand(text.slice(text.indexOf('CMD') + 'CMD'.length));
      return;
    case 'EXPOSE':
      return;
    default:
      throw new Error(`${keyword} is not known here: add it, or it goes untested`);
  }
}

function toCommand(text: string): string[] {
  const words: unknown = JSON.parse(text);
  if (!Array.isArray(words)) throw new Error(`not in exec form: ${text}`);
  return words.map(String);
}

/** Without the ends of lines that go on, and without comments between them. */
function textOf(instruction: Instruction): string {
  const text = instruction.getTextContent().replace(/^\S+/, '');
  return text.replaceAll(/\\\n(?:\s*#.*\n)*/g, ' ').trim();
}

function within({ root, workdir }: Stage, path: string): string {
  return path.startsWith('/') ? join(root, path) : join(workdir, path);
}

/** An absolute path of the image is one inside the folder. */
function withinValue({ root }: Stage, value: string): string {
  return value.startsWith('/') ? join(root, value) : value;
}
