import { CommandError } from '../../command-error.ts';
import { programName } from '../../environment.ts';
import { isWritten, readLiveTypes } from '../../live-types.ts';
import { loadTemplates, withLocalEngine } from '../../local-templates.ts';
import { toTyped } from '../../local-types.ts';
import { mailerOf, outputOf, type ServiceFlags } from '../../options.ts';
import { bold, green, type Output, toReasons } from '../../output.ts';
import { withSpinner } from '../../progress.ts';
import { toProblem } from '../../template-problem.ts';
import { toTemplateTypes, type TypedTemplate } from '../../template-types.ts';
import { writeWhole } from '../../write-file.ts';

type TypesFlags = ServiceFlags & { live?: boolean; out: string; check?: boolean };

/** `mailctl template types` */
export async function writeTypes(paths: readonly string[], flags: TypesFlags): Promise<void> {
  const output = outputOf(flags);
  const templates = flags.live ? await readLiveTypes(await mailerOf(flags)) : await readHere(output, paths);
  const text = toTemplateTypes(templates);
  if (flags.out === '-') return void process.stdout.write(text);
  const isCurrent = isWritten(flags.out, text);
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

async function readHere(output: Output, paths: readonly string[]): Promise<TypedTemplate[]> {
  const templates = await loadTemplates(paths);
  return withLocalEngine(output, (engine) =>
    withSpinner(output, 'Reading schemas', async () => {
      const typed: TypedTemplate[] = [];
      for (const { name, sources } of templates) {
        const checked = await engine.check(sources);
        if (!checked.ok) throw new CommandError('invalid', `${name}: ${toReasons(toProblem(checked))}`);
        typed.push(await toTyped(name, sources, checked.schema));
      }
      return typed;
    }),
  );
}
