import { isNotRun } from './not-run.ts';
import { openShell, type Shell, toAnswerBlock } from './shell.ts';
import { openStage, type Stage } from './stage.ts';

export type Part = { name: string; content: string };

/** Pages whose `sh` blocks are run one after another against a service of their own. */
export const SHELL_PAGES = ['docs/api.md', 'docs/providers.md', 'docs/webhooks.md'] as const;

/** A block of commands, and the made part right behind it that shows what was answered. */
const PIECE = /^```sh\n([^]*?)^```\n(?:\n?<!-- made: ([a-z-]+) -->)?/gm;

/**
 * Runs the commands of a page in one shell, as a reader would, and returns what was answered. Throws where a command fails, or
 * where a request is refused and the page does not show it.
 */
export async function makePageParts(path: string, text: string): Promise<Part[]> {
  const stage = await openStage(async ({ run }) => {
    await run(['init', '.', '--template', 'welcome']);
  });
  const shell = openShell(stage.shellEnvironment(), stage.folder);
  try {
    const parts: Part[] = [];
    for (const [, code = '', name] of text.matchAll(PIECE)) {
      if (isNotRun({ path, code })) continue;
      const content = await runPiece({ stage, shell, code, isShown: name !== undefined });
      if (name !== undefined) parts.push({ name, content });
    }
    return parts;
  } finally {
    await shell.close();
    await stage.stop();
  }
}

type Piece = { stage: Stage; shell: Shell; code: string; isShown: boolean };

async function runPiece({ stage, shell, code, isShown }: Piece): Promise<string> {
  const { shown, statuses } = await shell.run(stage.toReal(code));
  if (!isShown && statuses.some((status) => status >= 400)) {
    throw new Error(`this was refused, and the page does not say so:\n${code}\n${shown}`);
  }
  // A reader is slower than a worker: what was sent has arrived before the next command.
  await stage.waitUntilIdle();
  return toAnswerBlock(stage.toStandIns(shown));
}
