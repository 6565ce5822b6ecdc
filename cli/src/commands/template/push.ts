import type { Mailer } from '@org/mail-sdk';
import { CommandError } from '../../command-error.ts';
import { deferInterrupts } from '../../interruption.ts';
import { loadTemplates, withLocalEngine } from '../../local-templates.ts';
import { mailerOf, outputOf, type ServiceFlags } from '../../options.ts';
import { bold, dim, green, type Output, red, toReasons, toWarningLines, yellow } from '../../output.ts';
import { parseWhole } from '../../parse-option.ts';
import { mapInParallel } from '../../pool.ts';
import { withSpinner } from '../../progress.ts';
import { InterruptedError } from '../../prompt.ts';
import { type Planned, planPush } from '../../push-plan.ts';
import { toProblem, type TemplateProblem } from '../../template-problem.ts';

type PushFlags = ServiceFlags & { dryRun?: boolean; check?: boolean; atomic?: boolean; concurrency: string };

type Warning = { message: string; file: string | null; line: number | null };

/** What became of one template. `version` is what is live afterwards, null where nothing is. */
type Result = {
  planned: Planned;
  version: number | null;
  warnings: readonly Warning[];
  problem: TemplateProblem | null;
};

/** `mailctl template push` */
export async function push(paths: readonly string[], flags: PushFlags): Promise<void> {
  const output = outputOf(flags);
  const concurrency = parseWhole(flags.concurrency, '--concurrency', { maximum: 32 });
  const [templates, mailer] = await Promise.all([loadTemplates(paths), mailerOf(flags)]);
  const plan = await withSpinner(output, 'Comparing with what is live', () => planPush(mailer, templates));
  const compiled = await compileAll(output, plan);
  if (flags.dryRun || flags.check) return tellPlan(output, compiled, flags);
  const isRefused = compiled.some(({ problem }) => problem !== null);
  if (flags.atomic && isRefused) {
    tell(output, compiled, 'would push');
    throw new CommandError('invalid', 'Nothing was pushed: not every template compiles.');
  }
  const results = flags.atomic
    ? await pushAtomically({ output, mailer, concurrency }, compiled)
    : await pushAll({ output, mailer, concurrency }, compiled);
  tell(output, results, 'pushed');
  const failed = results.filter(({ problem }) => problem !== null).length;
  if (failed === 0) return;
  throw new CommandError(
    'invalid',
    flags.atomic ? 'Nothing was pushed: what had been was taken back.' : toRefusal(failed, results.length),
  );
}

function toRefusal(failed: number, all: number): string {
  return `${failed} of ${all} templates ${failed === 1 ? 'was' : 'were'} not pushed.`;
}

/** Everything that would change is compiled and rendered here first: a mistake is told before anything is live. */
async function compileAll(output: Output, plan: readonly Planned[]): Promise<Result[]> {
  const changing = plan.filter(({ change }) => change !== 'unchanged').length;
  if (changing === 0) return plan.map((planned) => untouched(planned));
  return withLocalEngine(output, (engine) =>
    withSpinner(output, 'Compiling', async (spinner) => {
      const results: Result[] = [];
      for (const planned of plan) {
        if (planned.change === 'unchanged') {
          results.push(untouched(planned));
          continue;
        }
        spinner.show(`compiling ${planned.local.name}`, { count: results.length, total: plan.length });
        const checked = await engine.check(planned.local.sources);
        results.push({
          ...untouched(planned),
          warnings: checked.ok ? checked.warnings : [],
          problem: checked.ok ? null : toProblem(checked),
        });
      }
      return results;
    }),
  );
}

function untouched(planned: Planned): Result {
  return {
    planned,
    version: planned.live?.version ?? null,
    warnings: planned.live?.warnings ?? [],
    problem: null,
  };
}

type Pushing = { output: Output; mailer: Mailer; concurrency: number; signal?: AbortSignal };

/** The same content as another's shared template is still pushed: the service knows whose it is, and makes none twice. */
function isToPush({ planned, problem }: Result): boolean {
  return problem === null && (planned.change !== 'unchanged' || planned.live?.isShared === true);
}

async function pushAll(
  { output, mailer, concurrency, signal }: Pushing,
  compiled: readonly Result[],
): Promise<Result[]> {
  const total = compiled.filter(isToPush).length;
  let count = 0;
  return withSpinner(output, 'Pushing', (spinner) =>
    mapInParallel(compiled, concurrency, async (result) => {
      if (!isToPush(result) || signal?.aborted) return result;
      const pushed = await pushOne(mailer, result, signal);
      count += 1;
      spinner.show(`pushed ${result.planned.local.name}`, { count, total });
      return pushed;
    }),
  );
}

async function pushOne(mailer: Mailer, result: Result, signal: AbortSignal | undefined): Promise<Result> {
  const { name, sources } = result.planned.local;
  const { data, error } = await mailer.safe.templates.push(name, sources, {
    ...(signal ? { signal } : {}),
    timeoutMs: 60_000,
  });
  if (error === null) return { ...result, version: data.version, warnings: data.warnings };
  // What is wrong with one template is told beside the others; a wrong key or no server ends the command.
  if (error.status === 422 || signal) return { ...result, problem: toProblem(error) };
  throw error;
}

/** Ctrl-C included: whatever has been pushed when something fails is taken back. */
async function pushAtomically(pushing: Pushing, compiled: readonly Result[]): Promise<Result[]> {
  const interrupts = deferInterrupts();
  try {
    const results = await pushAll({ ...pushing, signal: interrupts.signal }, compiled);
    const isWhole = results.every(({ problem }) => problem === null) && !interrupts.signal.aborted;
    if (isWhole) return results;
    await withSpinner(pushing.output, 'Taking back what was pushed', () =>
      Promise.all(
        results
          .filter(({ planned }) => planned.change !== 'unchanged')
          .map((result) => takeBack(pushing.mailer, result)),
      ),
    );
    if (interrupts.signal.aborted) throw new InterruptedError();
    return results.map(({ planned, warnings, problem }) => ({
      planned,
      warnings,
      problem,
      version: planned.live?.version ?? null,
    }));
  } finally {
    interrupts.restore();
  }
}

async function takeBack(mailer: Mailer, { planned: { local, live } }: Result): Promise<void> {
  const { data: now, error } = await mailer.safe.templates.get(local.name);
  if (error) {
    if (error.status === 404) return;
    throw error;
  }
  const isOther = live === null || (live.isShared && !now.isShared);
  if (isOther) await mailer.templates.delete(local.name);
  else if (now.version !== live.version) await mailer.templates.rollBack(local.name, live.version);
}

function tellPlan(output: Output, results: readonly Result[], { check }: PushFlags): void {
  tell(output, results, 'would push');
  const failed = results.filter(({ problem }) => problem !== null).length;
  if (failed > 0) {
    const code = check ? 'would_change' : 'invalid';
    throw new CommandError(
      code,
      `${failed} of ${results.length} templates ${failed === 1 ? 'does' : 'do'} not compile.`,
    );
  }
  const changing = results.filter(({ planned }) => planned.change !== 'unchanged').length;
  if (check && changing > 0)
    throw new CommandError(
      'would_change',
      `${changing} of ${results.length} templates ${changing === 1 ? 'is' : 'are'} not what is live.`,
    );
}

function tell(output: Output, results: readonly Result[], verb: string): void {
  output.answer({ data: results.map((result) => toJson(result, verb)) }, () =>
    results.map((result) => toLines(result, verb, output.isQuiet)).join('\n'),
  );
}

function toJson({ planned, version, warnings, problem }: Result, verb: string): Record<string, unknown> {
  const { local, live, change, files } = planned;
  const isPushed = verb === 'pushed' && problem === null;
  return {
    name: local.name,
    change,
    pushed: isPushed && version !== (live?.version ?? null),
    version,
    previousVersion: live?.version ?? null,
    files,
    warnings,
    ...(problem === null ? {} : { error: problem }),
  };
}

const MARKS = { added: '+', changed: '~', removed: '-' } as const;

function toLines({ planned, version, warnings, problem }: Result, verb: string, isQuiet: boolean): string {
  const { local, live, change, files } = planned;
  if (problem) return `${red('failed')}  ${bold(local.name)}  ${toReasons(problem)}`;
  if (change === 'unchanged' && version === (live?.version ?? null))
    return dim(`same    ${local.name}  version ${version}`);
  const number =
    verb === 'pushed'
      ? `version ${version}`
      : live === null
        ? 'version 1'
        : `version ${live.version + 1} or later`;
  const changed =
    change === 'new' ? dim('new') : dim(files.map((file) => `${MARKS[file.change]}${file.path}`).join(' '));
  const head = verb === 'pushed' ? green('pushed') : yellow('would push');
  return [
    `${head}  ${bold(local.name)}  ${number}  ${changed}`,
    ...(isQuiet ? [] : toWarningLines(warnings)),
  ].join('\n');
}
