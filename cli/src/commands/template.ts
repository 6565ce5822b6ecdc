import { Command } from 'commander';
import { MailError, type Mailer, type Template } from '@org/mail-sdk';
import { CommandError } from '../command-error.ts';
import type { ConnectionFlags } from '../environment.ts';
import { mailerOf, outputOf, type OutputFlags, withConnection } from '../options.ts';
import { bold, dim, green, red, toReasons, toTable, toWarningLines } from '../output.ts';

type Flags = ConnectionFlags & OutputFlags;

/** `mailctl template push|list` */
export function templateCommand(): Command {
  const template = new Command('template').description('look after templates');
  withConnection(template.command('push'))
    .description('push a template, or every template of a folder')
    .argument('[path]', 'folder of one template, a .tsx file, or a folder of templates', 'templates')
    .action(push);
  withConnection(template.command('list')).description('list the templates this key can use').action(list);
  return template;
}

type Pushed = { name: string; template: Template } | { name: string; error: MailError };

async function push(path: string, flags: Flags): Promise<void> {
  const output = outputOf(flags);
  const mailer = mailerOf(flags);
  const templates = await findAt(path);
  const results: Pushed[] = [];
  for (const { name, path: folder } of templates) results.push(await pushOne(mailer, name, folder));
  output.answer({ data: results.map(toJson) }, () => results.map(toLine).join('\n'));
  const failed = results.filter((result) => 'error' in result).length;
  if (failed > 0)
    throw new CommandError('invalid', `${failed} of ${results.length} templates were not accepted.`);
}

/** A template itself, or else the templates in a folder. */
async function findAt(path: string): Promise<{ name: string; path: string }[]> {
  const { findTemplates, NoTemplateError, readTemplate, templateName } =
    await import('@org/mail-server/engine');
  try {
    await readTemplate(path);
    return [{ name: templateName(path), path }];
  } catch (error) {
    if (!(error instanceof NoTemplateError)) throw error;
    const inside = await findTemplates(path).catch(() => []);
    if (inside.length === 0) throw new CommandError('not_found', `${error.message}.`);
    return inside;
  }
}

async function pushOne(mailer: Mailer, name: string, path: string): Promise<Pushed> {
  const { readTemplate } = await import('@org/mail-server/engine');
  try {
    return { name, template: await mailer.templates.push(name, await readTemplate(path)) };
  } catch (error) {
    // What is wrong with one template is told beside the others; a wrong key or no server ends the command.
    if (error instanceof MailError && error.status === 422) return { name, error };
    throw error;
  }
}

function toJson(result: Pushed): Record<string, unknown> {
  if ('template' in result) return { ...result.template };
  const { code, message, errors } = result.error;
  return { name: result.name, error: { code, message, errors } };
}

function toLine(result: Pushed): string {
  if ('template' in result) {
    const line = `${green('ok')}     ${bold(result.name)}  version ${result.template.version}`;
    return [line, ...toWarningLines(result.template.warnings)].join('\n');
  }
  return `${red('failed')} ${bold(result.name)}  ${toReasons(result.error)}`;
}

async function list(flags: Flags): Promise<void> {
  const mailer = mailerOf(flags);
  const templates: Template[] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<Mailer['templates']['list']>> = await mailer.templates.list({
      limit: 100,
      ...(cursor === null ? {} : { cursor }),
    });
    templates.push(...page.data);
    cursor = page.nextCursor;
  } while (cursor !== null);
  outputOf(flags).answer({ data: templates }, () => toList(templates));
}

function toList(templates: readonly Template[]): string {
  if (templates.length === 0) return 'No templates yet. Push some with: mailctl template push templates';
  const rows = templates.map(({ name, version, isShared, updatedAt }) => [
    name,
    `v${version}`,
    isShared ? 'shared' : '',
    dim(updatedAt),
  ]);
  return toTable([[dim('name'), dim('version'), '', dim('pushed')], ...rows]);
}
