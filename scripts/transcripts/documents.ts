import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createProgram } from '../../cli/src/program.ts';
import { type CommandTree, toTree } from '../../cli/src/command-tree.ts';
import { EXIT_MEANINGS } from '../../cli/src/exit-code.ts';
import { makePageParts, type Part, SHELL_PAGES } from './pages.ts';
import { openStage, type RunOptions, type Stage } from './stage.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Documents that show sessions of mailctl, which stand in this file. */
export const TRANSCRIPT_PAGES: readonly string[] = ['docs/quickstart.md', 'docs/cli.md'];

/** Documents with parts that are made: `<!-- made: name -->` to `<!-- end -->`. */
export const DOCUMENTS: readonly string[] = [...TRANSCRIPT_PAGES, ...SHELL_PAGES];

/** A made part in a document. */
const MADE = /<!-- made: ([a-z-]+) -->\n[^]*?<!-- end -->/g;

/** Puts made parts into a document. Throws for a part that nobody made. */
export function fill(document: string, parts: readonly Part[]): string {
  return document.replaceAll(MADE, (_, name: string) => {
    const part = parts.find((candidate) => candidate.name === name);
    if (!part) throw new Error(`nothing makes the part "${name}"`);
    return `<!-- made: ${name} -->\n${part.content}\n<!-- end -->`;
  });
}

export function readDocument(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

export function writeDocument(path: string, content: string): void {
  writeFileSync(join(ROOT, path), content);
}

const PROPS = '{"name":"Ada","productName":"Northwind","startUrl":"https://example.com/start"}';

/** Runs everything that the documents show. */
export async function makeParts(): Promise<Part[]> {
  const parts = await makeTranscripts();
  for (const path of SHELL_PAGES) parts.push(...(await makePageParts(path, readDocument(path))));
  return parts;
}

/** Runs what is shown of mailctl, in the order in which it is shown. */
export async function makeTranscripts(): Promise<Part[]> {
  let created = '';
  const stage = await openStage(async ({ run }) => {
    created = toBlock('mailctl init . --template welcome', await run(['init', '.', '--template', 'welcome']));
  });
  try {
    return [
      { name: 'init', content: created },
      { name: 'dev', content: toBlock('mailctl dev', stage.announced) },
      ...(await makeQuickstart(stage)),
      ...(await makeTour(stage)),
      ...makeReference(),
    ];
  } finally {
    await stage.stop();
  }
}

async function makeQuickstart(stage: Stage): Promise<Part[]> {
  const show = createShow(stage);
  return [
    await show('send', [
      'send',
      'welcome',
      '--to',
      'you@example.com',
      '--props',
      PROPS,
      '--wait',
      'delivered',
    ]),
    await show('message-get', ['message', 'get', '{id}']),
    await show('message-list', ['message', 'list']),
    await show('whoami', ['whoami']),
    await show('doctor', ['doctor']),
  ];
}

/** In a folder that nobody watches, so that nothing is pushed but by hand. */
async function makeTour(stage: Stage): Promise<Part[]> {
  const cwd = join(stage.folder, 'mails');
  await stage.run(['init', 'mails', '--template', 'none']);
  const show = createShow(stage, { cwd });
  const entry = join(cwd, 'templates', 'invitation', 'index.tsx');
  const parts = [
    await show('template-new', ['template', 'new', 'invitation']),
    await show('template-lint', ['template', 'lint']),
    await show('template-push', ['template', 'push']),
  ];
  writeFileSync(entry, readFileSync(entry, 'utf8').replace('Hello {name}', 'Welcome, {name}'));
  parts.push(
    await show('template-diff', ['template', 'diff', '--sources']),
    await show('template-check', ['template', 'push', '--check'], { exitCode: 1 }),
    await show('template-push-again', ['template', 'push']),
    await show('template-versions', ['template', 'versions', 'invitation']),
    await show('template-rollback', ['template', 'rollback', 'invitation']),
    await show('template-render', ['template', 'render', 'templates/invitation']),
    await show('template-types', ['template', 'types', '--out', '-']),
    await show('stats', ['stats', '--bucket', 'day']),
    await show('mistyped', ['send', 'invitatoin', '--to', 'ada@example.com'], { exitCode: 4 }),
    await show('json', ['template', 'versions', 'invitation', '--limit', '1'], { isPiped: true }),
    await show('json-error', ['message', 'get', 'nothing'], { isPiped: true, exitCode: 4 }),
  );
  writeFileSync(entry, readFileSync(entry, 'utf8').replace('</Heading>', '</Headng>'));
  parts.push(await show('template-broken', ['template', 'push'], { exitCode: 5 }));
  return parts;
}

function createShow(stage: Stage, defaults: RunOptions = {}) {
  return async (name: string, args: readonly string[], options: RunOptions = {}): Promise<Part> => {
    const shown = await stage.run(args, { ...defaults, ...options });
    const line = args.map(toWord).join(' ').replace('{id}', '01a1fcb2-31de-7043-a58c-000000000002');
    return { name, content: toBlock(`mailctl ${line}${options.isPiped ? ' | cat' : ''}`, shown) };
  };
}

function toWord(argument: string): string {
  return /^[\w@./{}-]+$/.test(argument) && !argument.startsWith('{"') ? argument : `'${argument}'`;
}

function toBlock(command: string, shown: string): string {
  return `\`\`\`console\n$ ${command}\n${shown}\n\`\`\``;
}

function makeReference(): Part[] {
  const codes = EXIT_MEANINGS.map(([code, name, meaning]) => `| ${code} | ${name} | ${meaning} |`);
  const commands = leavesOf(toTree(createProgram()), '').map(
    ({ path, tree }) =>
      `| \`${`${path} ${toArguments(tree)}`.trim()}\` | ${tree.description.replaceAll('|', '\\|')} |`,
  );
  return [
    { name: 'exit-codes', content: ['| code | | when |', '|---|---|---|', ...codes].join('\n') },
    { name: 'commands', content: ['| command | |', '|---|---|', ...commands].join('\n') },
  ];
}

function leavesOf(tree: CommandTree, before: string): { path: string; tree: CommandTree }[] {
  const path = `${before} ${tree.name}`.trim();
  return tree.commands.length === 0
    ? [{ path, tree }]
    : tree.commands.flatMap((child) => leavesOf(child, path));
}

function toArguments(tree: CommandTree): string {
  return tree.arguments
    .map(({ name, required, variadic }) => {
      const text = variadic ? `${name}...` : name;
      return required ? `<${text}>` : `[${text}]`;
    })
    .join(' ');
}
