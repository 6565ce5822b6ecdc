import type { Mailer } from '@org/mail-sdk';
import { CommandError } from './command-error.ts';
import { suggest } from './suggest.ts';

const MAX_NAMES = 500;

/** Does work with a template; where there is none of that name, the error says which one was probably meant. */
export async function withSuggestion<T>(
  mailer: Mailer,
  template: string | undefined,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'template_not_found';
    if (!isMissing || template === undefined) throw error;
    const name = template.split('@')[0] ?? template;
    const near = suggest(name, await namesOf(mailer).catch(() => []));
    // The same name: the template is there, its version is not.
    if (near === null || near === name) throw error;
    throw new CommandError('template_not_found', error.message, `Did you mean "${near}"?`);
  }
}

async function namesOf(mailer: Mailer): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of mailer.templates.list({ limit: 100 })) {
    names.push(name);
    if (names.length >= MAX_NAMES) break;
  }
  return names;
}
