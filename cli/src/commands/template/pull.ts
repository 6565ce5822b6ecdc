import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Mailer, TemplateVersion } from '@org/mail-sdk';
import { mailerOf, outputOf, type ServiceFlags } from '../../options.ts';
import { bold, dim, green } from '../../output.ts';
import { allOf } from '../../pages.ts';
import { mapInParallel } from '../../pool.ts';
import { withSpinner } from '../../progress.ts';
import { assertConfirmed } from '../../prompt.ts';
import { parsePinned } from '../../template-name.ts';
import { writeWhole } from '../../write-file.ts';
import { assertInside } from '../../inside.ts';

type PullFlags = ServiceFlags & { yes?: boolean; dir: string };

const AT_ONCE = 4;
const SHARED_FOLDER = '_shared/';

type PulledFile = { path: string; content: string; change: 'new' | 'changed' | 'same' };

/** `mailctl template pull` */
export async function pull(names: readonly string[], flags: PullFlags): Promise<void> {
  const output = outputOf(flags);
  const mailer = await mailerOf(flags);
  const versions = await withSpinner(output, 'Fetching', () => fetchAll(mailer, names));
  const pulled = versions.map((version) => ({ version, files: toFiles(version, flags.dir) }));
  const files = pulled.flatMap((one) => one.files);
  const changed = files.filter(({ change }) => change === 'changed');
  if (changed.length > 0) {
    output.note(changed.map(({ path }) => `  ${path}`).join('\n'));
    await assertConfirmed(
      flags,
      `Overwrite ${changed.length} ${changed.length === 1 ? 'file that is' : 'files that are'} different here?`,
    );
  }
  for (const { path, content, change } of files) if (change !== 'same') await writeWhole(path, content);
  const answer = pulled.map(({ version: { name, version }, files: own }) => ({
    name,
    version,
    files: own.map(({ path, change }) => ({ path, change })),
  }));
  output.answer({ data: answer }, () =>
    answer
      .map(({ name, version, files: own }) => {
        const count = own.filter(({ change }) => change !== 'same').length;
        return `${green('pulled')}  ${bold(name)}  version ${version}  ${dim(count === 0 ? 'nothing new' : count === 1 ? '1 file' : `${count} files`)}`;
      })
      .join('\n'),
  );
}

async function fetchAll(mailer: Mailer, names: readonly string[]): Promise<TemplateVersion[]> {
  const wanted =
    names.length > 0 ? names.map(parsePinned) : await allOf((page) => mailer.templates.list(page));
  return mapInParallel(wanted, AT_ONCE, async ({ name, version }) =>
    mailer.templates.version(name, version ?? (await mailer.templates.get(name)).version),
  );
}

/** Where a version's files belong on disk: a single file beside the others, a folder otherwise, and shared ones beside both. */
function toFiles({ name, entry, files }: TemplateVersion, dir: string): PulledFile[] {
  const own = Object.keys(files).filter((path) => !path.startsWith(SHARED_FOLDER));
  const isSingle = own.length === 1 && entry === `${name}.tsx`;
  return Object.entries(files).map(([path, content]) => {
    const isBeside = isSingle || path.startsWith(SHARED_FOLDER);
    // Names come from the service, and a file must not land elsewhere whatever they say.
    const target = assertInside(dir, isBeside ? path : join(name, path));
    return { path: target, content, change: compare(target, content) };
  });
}

function compare(path: string, content: string): PulledFile['change'] {
  if (!existsSync(path)) return 'new';
  return readFileSync(path, 'utf8') === content ? 'same' : 'changed';
}
