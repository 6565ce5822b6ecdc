import { existsSync, readFileSync } from 'node:fs';
import { CommandError } from '../../command-error.ts';
import { programName } from '../../environment.ts';
import { loadTemplates, withLocalEngine } from '../../local-templates.ts';
import { mailerOf, outputOf, type ServiceFlags } from '../../options.ts';
import { bold, green, type Output, toReasons } from '../../output.ts';
import { allOf } from '../../pages.ts';
import { withSpinner } from '../../progress.ts';
import { isRecord } from '../../record.ts';
import { toProblem } from '../../template-problem.ts';
import { toTemplateTypes, type TypedTemplate } from '../../template-types.ts';
import { writeWhole } from '../../write-file.ts';

type TypesFlags = ServiceFlags & { live?: boolean; out: string; check?: boolean };

/** `mailctl template types` */
export async function writeTypes(paths: readonly string[], flags: TypesFlags): Promise<void> {
  const output = outputOf(flags);
  const templates = flags.live ? await readLive(flags) : await readHere(output, paths);
  const text = toTemplateTypes(templates);
  if (flags.out === '-') return void process.stdout.write(text);
  const isCurrent = existsSync(flags.out) && readFileSync(flags.out, 'utf8') === text;
  if (flags.check && !isCurrent) {
    throw new CommandError(
      'would_change',
      `${flags.out} is not up to date.`,
      `${programName()} template types --out ${flags.out}`,
    );
  }
  if (!isCurrent) await writeWhole(flags.out, text);
  const answer = { file: flags.out, changed: !isCurrent, templates: templates.map(({ name }) => name) };
  output.answer(answer, () =>
    isCurrent
      ? `${bold(flags.out)} is up to date.`
      : `${green('written')}  ${bold(flags.out)}  ${templates.length} templates`,
  );
}

/** What is derived from `PreviewProps` describes an example, and would refuse what is fine: those props are left open. */
async function readLive(flags: TypesFlags): Promise<TypedTemplate[]> {
  const mailer = await mailerOf(flags);
  const templates = await allOf((page) => mailer.templates.list(page));
  return templates.map(({ name, schema }) => ({ name, schema: inOrder(schema) }));
}

async function readHere(output: Output, paths: readonly string[]): Promise<TypedTemplate[]> {
  const templates = await loadTemplates(paths);
  return withLocalEngine(output, (engine) =>
    withSpinner(output, 'Reading schemas', async () => {
      const typed: TypedTemplate[] = [];
      for (const { name, sources } of templates) {
        const checked = await engine.check(sources);
        if (!checked.ok) throw new CommandError('invalid', `${name}: ${toReasons(toProblem(checked))}`);
        typed.push({ name, schema: inOrder(checked.schema) });
      }
      return typed;
    }),
  );
}

/** The database keeps the members of objects in an order of its own; sorted, both sides write the same file. */
function inOrder(schema: Readonly<Record<string, unknown>> | null): Record<string, unknown> | null {
  if (schema === null) return null;
  return Object.fromEntries(
    Object.entries(schema)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [name, isRecord(value) ? inOrder(value) : value]),
  );
}
