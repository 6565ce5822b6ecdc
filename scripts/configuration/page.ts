import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DescribedSetting, describeSettings } from '../../server/src/config.ts';

const ROOT = join(import.meta.dirname, '../..');

const INTRODUCTION = `# Configuration

Every setting is a variable of the environment; \`.env.example\` is the same list to copy from. All that is wrong is reported at once at the start, by
name and never with its value. An empty value counts as none, unknown names are ignored. Any of them can be kept in a file
instead, as orchestrators mount secrets: \`SMTP_PASS_FILE=/run/secrets/smtp\` stands for \`SMTP_PASS\`. \`mailctl doctor\` looks at what the settings name.

Written by \`bun scripts/write-configuration-page.ts\` from \`server/src/config.ts\`; a test holds it against it.
`;

/** The sections of .env.example with the names in them, which is the order for people. */
function readSections(): { title: string; names: string[] }[] {
  const sections: { title: string; names: string[] }[] = [];
  for (const line of readFileSync(join(ROOT, '.env.example'), 'utf8').split('\n')) {
    const title = /^# -{3} (.+?) -+$/.exec(line)?.[1];
    if (title) sections.push({ title, names: [] });
    const name = /^#?([A-Z][A-Z0-9_]*)=/.exec(line)?.[1];
    if (name) sections.at(-1)?.names.push(name);
  }
  return sections;
}

function toRow({ name, description, default: standard, values }: DescribedSetting): string {
  const text = description.replaceAll('|', '\\|').replaceAll('<', '&lt;');
  const shown = standard === undefined ? '' : `\`${String(standard)}\``;
  return `| \`${name}\` | ${values} | ${shown} | ${text} |`;
}

/**
 * The page of every setting.
 *
 * @throws Error where .env.example and the schema do not have the same settings
 */
export function toConfigurationMarkdown(): string {
  const left = new Map(describeSettings().map((setting) => [setting.name, setting]));
  const sections = readSections().map(({ title, names }) => {
    const rows = names.map((name) => {
      const setting = left.get(name);
      if (!setting) throw new Error(`.env.example has ${name}, which is no setting, or has it twice`);
      left.delete(name);
      return toRow(setting);
    });
    return ['', `## ${title}`, '| setting | values | default | |', '|---|---|---|---|', ...rows].join('\n');
  });
  if (left.size > 0) throw new Error(`.env.example lacks ${[...left.keys()].join(', ')}`);
  return `${INTRODUCTION}${sections.join('\n')}\n`;
}
