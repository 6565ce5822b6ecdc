import type { LocalTemplate, TemplateSources } from '@org/mail-server/engine';
import { CommandError } from './command-error.ts';
import { cacheFolder } from './environment.ts';
import type { Output } from './output.ts';
import { withSpinner } from './progress.ts';

/** A template of this machine's disk, with what a push would send. */
export type LoadedTemplate = { name: string; path: string; sources: TemplateSources; hash: string | null };

type LocalEngine = Awaited<ReturnType<typeof import('@org/mail-server/engine').createLocalEngine>>;

/** What stands for the templates of a project where none are named. */
export const DEFAULT_FOLDER = 'templates';

/**
 * The templates that paths name: each a template's folder or file, or a folder of templates.
 *
 * @throws CommandError `not_found` where a path holds none, `usage` where two have one name
 */
export async function loadTemplates(paths: readonly string[]): Promise<LoadedTemplate[]> {
  const { hashOf, readTemplate } = await import('@org/mail-server/engine');
  const found = (await Promise.all((paths.length > 0 ? paths : [DEFAULT_FOLDER]).map(findAt))).flat();
  assertDifferent(found);
  return Promise.all(
    found.map(async ({ name, path }) => {
      const sources = await readTemplate(path);
      const hashed = hashOf(sources);
      return { name, path, sources, hash: hashed.ok ? hashed.hash : null };
    }),
  );
}

/** A template itself, or else the templates in a folder. */
async function findAt(path: string): Promise<LocalTemplate[]> {
  const { findTemplates, NoTemplateError, readTemplate, templateName } =
    await import('@org/mail-server/engine');
  try {
    await readTemplate(path);
    return [{ name: templateName(path), path }];
  } catch (error) {
    if (!(error instanceof NoTemplateError)) throw error;
    const inside = await findTemplates(path).catch(() => []);
    if (inside.length === 0) {
      throw new CommandError(
        'not_found',
        `${error.message}.`,
        "Name a template's folder, its .tsx file, or a folder of templates.",
      );
    }
    return inside;
  }
}

function assertDifferent(templates: readonly LocalTemplate[]): void {
  const paths = new Map<string, string>();
  for (const { name, path } of templates) {
    const other = paths.get(name);
    if (other !== undefined && other !== path)
      throw new CommandError('usage', `Both ${other} and ${path} are the template "${name}".`);
    paths.set(name, path);
  }
}

/** Work with the engine of this machine, which is closed in any case. */
export async function withLocalEngine<T>(
  output: Output,
  work: (engine: LocalEngine) => Promise<T>,
): Promise<T> {
  const { createLocalEngine } = await import('@org/mail-server/engine');
  const engine = await withSpinner(output, 'Starting the engine', () =>
    createLocalEngine({ cacheDir: cacheFolder() }),
  );
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}
