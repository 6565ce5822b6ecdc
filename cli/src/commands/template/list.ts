import { mailerOf, outputOf, type ServiceFlags } from '../../options.ts';
import { allOf, firstOf } from '../../pages.ts';
import { parseWhole } from '../../parse-option.ts';
import { green, toList } from '../../output.ts';
import { programName } from '../../environment.ts';
import { toShortTime } from '../../record.ts';

/** `mailctl template list` */
export async function list(flags: ServiceFlags): Promise<void> {
  const mailer = await mailerOf(flags);
  const templates = await allOf((page) => mailer.templates.list(page));
  outputOf(flags).answer({ data: templates }, () =>
    templates.length === 0
      ? `No templates yet. Push some with: ${programName()} template push`
      : toList(templates, [
          { title: 'name', of: ({ name }) => name, isWhole: true },
          { title: 'version', of: ({ version }) => String(version), isWhole: true },
          { title: 'whose', of: ({ isShared }) => (isShared ? 'shared' : '') },
          { title: 'warnings', of: ({ warnings }) => (warnings.length > 0 ? String(warnings.length) : '') },
          { title: 'pushed', of: ({ updatedAt }) => toShortTime(updatedAt), isWhole: true },
        ]),
  );
}

/** `mailctl template versions` */
export async function versions(name: string, flags: ServiceFlags & { limit: string }): Promise<void> {
  const limit = parseWhole(flags.limit, '--limit', { maximum: 1000 });
  const mailer = await mailerOf(flags);
  const found = await firstOf(limit, (page) => mailer.templates.versions(name, page));
  outputOf(flags).answer({ data: found }, () =>
    toList(found, [
      { title: 'version', of: ({ version }) => String(version), isWhole: true },
      { title: '', of: ({ isCurrent }) => (isCurrent ? 'current' : ''), tint: green },
      { title: 'content', of: ({ contentHash }) => contentHash.slice(0, 12), isWhole: true },
      { title: 'warnings', of: ({ warnings }) => (warnings.length > 0 ? String(warnings.length) : '') },
      { title: 'pushed', of: ({ createdAt }) => toShortTime(createdAt), isWhole: true },
    ]),
  );
}
