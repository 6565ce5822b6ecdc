import type { Mailer, TemplateSummary } from '@org/mail-sdk';
import type { LoadedTemplate } from './local-templates.ts';
import { allOf } from './pages.ts';

export type FileChange = { path: string; change: 'added' | 'changed' | 'removed' };

/** What a push of one template would do. `live` is what it would take the place of. */
export type Planned = {
  local: LoadedTemplate;
  live: TemplateSummary | null;
  change: 'new' | 'changed' | 'unchanged';
  files: readonly FileChange[];
};

/** Compares templates of this machine with what is live, without changing anything. */
export async function planPush(mailer: Mailer, templates: readonly LoadedTemplate[]): Promise<Planned[]> {
  const live = await allOf((page) => mailer.templates.list(page));
  const byName = new Map(live.map((template) => [template.name, template]));
  return Promise.all(templates.map((local) => planOne(mailer, local, byName.get(local.name) ?? null)));
}

async function planOne(
  mailer: Mailer,
  local: LoadedTemplate,
  live: TemplateSummary | null,
): Promise<Planned> {
  if (live === null) {
    const files = Object.keys(local.sources.files).map((path): FileChange => ({ path, change: 'added' }));
    return { local, live, change: 'new', files };
  }
  if (live.contentHash === local.hash) return { local, live, change: 'unchanged', files: [] };
  const { files } = await mailer.templates.version(local.name, live.version);
  return { local, live, change: 'changed', files: compareFiles(files, local.sources.files) };
}

type Files = Readonly<Record<string, string>>;

/** Which files are not the same in both. */
export function compareFiles(before: Files, after: Files): FileChange[] {
  const paths = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  return paths.flatMap((path): FileChange[] => {
    if (before[path] === after[path]) return [];
    if (before[path] === undefined) return [{ path, change: 'added' }];
    return [{ path, change: after[path] === undefined ? 'removed' : 'changed' }];
  });
}
