import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from '../../command-error.ts';
import { loadTemplates, withLocalEngine } from '../../local-templates.ts';
import { mailerOf, outputOf, type ServiceFlags } from '../../options.ts';
import { bold, green, type Output, toReasons } from '../../output.ts';
import { readProps } from '../../props.ts';
import { parsePinned } from '../../template-name.ts';
import { toProblem } from '../../template-problem.ts';
import { writeWhole } from '../../write-file.ts';

type RenderFlags = ServiceFlags & {
  props?: string;
  locale?: string;
  html?: boolean;
  text?: boolean;
  out?: string;
};

type Rendered = {
  name: string;
  version: number | null;
  subject: string | null;
  html: string;
  text: string;
  contentHash: string;
  engineVersion: string;
};

/** `mailctl template render`: what has a path is on disk, anything else is live. */
export async function render(template: string, flags: RenderFlags): Promise<void> {
  const output = outputOf(flags);
  const props = flags.props === undefined ? null : await readProps(flags.props);
  const rendered = isPath(template)
    ? await renderHere(output, template, { props, flags })
    : await renderLive(template, { props, flags });
  if (flags.out !== undefined) return writeParts(output, rendered, flags.out);
  if (flags.html) return void process.stdout.write(rendered.html);
  if (flags.text) return void process.stdout.write(rendered.text);
  output.answer(rendered, () => `${bold(rendered.subject ?? '(no subject)')}\n\n${rendered.text}`);
}

function isPath(template: string): boolean {
  return /[/\\]|\.[tj]sx?$/.test(template) || template === '.';
}

type Options = { props: Record<string, unknown> | null; flags: RenderFlags };

async function renderHere(output: Output, path: string, { props, flags }: Options): Promise<Rendered> {
  if (!existsSync(path)) throw new CommandError('not_found', `There is no ${path}.`);
  const [template, ...others] = await loadTemplates([path]);
  if (!template || others.length > 0)
    throw new CommandError('usage', `${path} holds several templates; name one of them.`);
  const locale = await toLocale(flags.locale);
  const rendered = await withLocalEngine(output, (engine) =>
    engine.render(template.sources, { props, locale }),
  );
  if (!rendered.ok) throw new CommandError('invalid', toReasons(toProblem(rendered)));
  const { subject, html, text, contentHash, engineVersion } = rendered;
  return { name: template.name, version: null, subject, html, text, contentHash, engineVersion };
}

async function toLocale(text: string | undefined): Promise<string | null> {
  if (text === undefined) return null;
  const { canonicalLocale } = await import('@org/mail-server/engine');
  const locale = canonicalLocale(text);
  if (locale === null)
    throw new CommandError('usage', `"${text}" is not a language tag such as de or de-AT.`);
  return locale;
}

async function renderLive(template: string, { props, flags }: Options): Promise<Rendered> {
  const { name, version } = parsePinned(template);
  const mailer = await mailerOf(flags);
  return mailer.templates.render(name, {
    ...(props === null ? {} : { props }),
    ...(version === null ? {} : { version }),
    ...(flags.locale === undefined ? {} : { locale: flags.locale }),
  });
}

async function writeParts(
  output: Output,
  { subject, html, text, ...facts }: Rendered,
  folder: string,
): Promise<void> {
  const files = { 'subject.txt': `${subject ?? ''}\n`, 'index.html': html, 'index.txt': text };
  for (const [name, content] of Object.entries(files)) await writeWhole(join(folder, name), content);
  const paths = Object.keys(files).map((name) => join(folder, name));
  output.answer({ ...facts, files: paths }, () => `${green('written')} ${paths.join(', ')}`);
}
