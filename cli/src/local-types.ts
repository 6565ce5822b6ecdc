import type { TemplateSources } from '@org/mail-server/engine';
import { inOrder } from './live-types.ts';
import { loadTemplates } from './local-templates.ts';
import type { TypedTemplate } from './template-types.ts';

/** A template's schema, which the service holds props against, or else what its source says of them. */
export async function toTyped(
  name: string,
  { entry, files }: TemplateSources,
  schema: Readonly<Record<string, unknown>> | null,
): Promise<TypedTemplate> {
  if (schema !== null) return { name, schema: inOrder(schema) };
  // The parser is loaded for those alone that need it.
  const { findPropTypes } = await import('./prop-types.ts');
  const hasMessages = Object.keys(files).some((path) => path.startsWith('messages/'));
  const props = findPropTypes(entry, files[entry] ?? '');
  return { name, schema, props, given: hasMessages ? ['locale', 't'] : ['locale'] };
}

/** What is live, and for those of it without a schema what the sources in a folder say: the same as is read from the folder alone. */
export async function withSourcesOf(
  folder: string,
  live: readonly TypedTemplate[],
): Promise<TypedTemplate[]> {
  if (live.every(({ schema }) => schema !== null)) return [...live];
  // There may be none left of those that were pushed.
  const found = await loadTemplates([folder]).catch(() => []);
  const local = new Map(found.map(({ name, sources }) => [name, sources]));
  return Promise.all(
    live.map(async (one) => {
      const sources = local.get(one.name);
      return sources && one.schema === null ? toTyped(one.name, sources, null) : one;
    }),
  );
}
