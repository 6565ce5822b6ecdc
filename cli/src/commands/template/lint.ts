import { CommandError } from '../../command-error.ts';
import { loadTemplates, withLocalEngine } from '../../local-templates.ts';
import { outputOf, type OutputFlags } from '../../options.ts';
import { bold, green, red, toReasons, toWarningLines, yellow } from '../../output.ts';
import { withSpinner } from '../../progress.ts';
import { type TemplateProblem, toProblem } from '../../template-problem.ts';

type Warning = { code: string; message: string; file: string | null; line: number | null };
type Linted = { name: string; warnings: readonly Warning[]; problem: TemplateProblem | null };

/** `mailctl template lint` */
export async function lint(
  paths: readonly string[],
  flags: OutputFlags & { strict?: boolean },
): Promise<void> {
  const output = outputOf(flags);
  const templates = await loadTemplates(paths);
  const results = await withLocalEngine(output, (engine) =>
    withSpinner(output, 'Checking', async (spinner) => {
      const linted: Linted[] = [];
      for (const { name, sources } of templates) {
        spinner.show(name, { count: linted.length, total: templates.length });
        const checked = await engine.check(sources);
        const warnings = checked.ok ? checked.warnings : [];
        linted.push({ name, warnings, problem: checked.ok ? null : toProblem(checked) });
      }
      return linted;
    }),
  );
  output.answer({ data: results.map(toJson) }, () => results.map(toLines).join('\n'));
  assertClean(results, flags.strict === true);
}

function assertClean(results: readonly Linted[], isStrict: boolean): void {
  const broken = results.filter(({ problem }) => problem !== null).length;
  if (broken > 0) throw new CommandError('invalid', `${broken} of ${results.length} templates are broken.`);
  const warned = results.filter(({ warnings }) => warnings.length > 0).length;
  if (isStrict && warned > 0)
    throw new CommandError('failed', `${warned} of ${results.length} templates have warnings.`);
}

function toJson({ name, warnings, problem }: Linted): Record<string, unknown> {
  return { name, ok: problem === null, warnings, ...(problem === null ? {} : { error: problem }) };
}

function toLines({ name, warnings, problem }: Linted): string {
  if (problem) return `${red('broken')}  ${bold(name)}  ${toReasons(problem)}`;
  const head =
    warnings.length === 0
      ? green('ok')
      : yellow(`${warnings.length} ${warnings.length === 1 ? 'warning' : 'warnings'}`);
  return [`${head}  ${bold(name)}`, ...toWarningLines(warnings)].join('\n');
}
