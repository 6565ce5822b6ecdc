import type { Mailer, RenderedTemplate } from '@org/mail-sdk';
import { CommandError } from '../../command-error.ts';
import { toUnifiedDiff } from '../../line-diff.ts';
import { loadTemplates, withLocalEngine } from '../../local-templates.ts';
import { mailerOf, outputOf, type ServiceFlags } from '../../options.ts';
import { bold, cyan, dim, green, type Output, red, toReasons } from '../../output.ts';
import { withSpinner } from '../../progress.ts';
import { type Planned, planPush } from '../../push-plan.ts';
import { type TemplateProblem, toProblem } from '../../template-problem.ts';

type DiffFlags = ServiceFlags & { sources?: boolean; exitCode?: boolean };

/** `rendered` is null where only sources were asked for, or nothing is live, or it does not compile here. */
type Compared = {
  name: string;
  change: Planned['change'];
  liveVersion: number | null;
  sources: readonly { path: string; diff: string }[];
  rendered: { subject: string; html: string; text: string } | null;
  problem: TemplateProblem | null;
};

type LocalEngine = Parameters<Parameters<typeof withLocalEngine>[1]>[0];

/** `mailctl template diff` */
export async function diff(paths: readonly string[], flags: DiffFlags): Promise<void> {
  const output = outputOf(flags);
  const [templates, mailer] = await Promise.all([loadTemplates(paths), mailerOf(flags)]);
  const plan = await withSpinner(output, 'Comparing with what is live', () => planPush(mailer, templates));
  const needsEngine = !flags.sources && plan.some(({ change }) => change === 'changed');
  const results = needsEngine
    ? await withLocalEngine(output, (engine) => compareAll(output, { mailer, plan, engine }))
    : await compareAll(output, { mailer, plan, engine: null });
  output.answer({ data: results.map(toJson) }, () => results.map(toText).join('\n'));
  const changed = results.filter(({ change }) => change !== 'unchanged').length;
  if (flags.exitCode && changed > 0)
    throw new CommandError('would_change', `${changed} of ${results.length} templates are not what is live.`);
}

type Comparing = { mailer: Mailer; plan: readonly Planned[]; engine: LocalEngine | null };

function compareAll(output: Output, { mailer, plan, engine }: Comparing): Promise<Compared[]> {
  return withSpinner(output, 'Comparing', async () => {
    const results: Compared[] = [];
    for (const planned of plan) results.push(await compareOne(mailer, planned, engine));
    return results;
  });
}

async function compareOne(mailer: Mailer, planned: Planned, engine: LocalEngine | null): Promise<Compared> {
  const { local, live, change, files } = planned;
  const facts = { name: local.name, change, liveVersion: live?.version ?? null };
  if (change === 'unchanged') return { ...facts, sources: [], rendered: null, problem: null };
  const before = live === null ? {} : (await mailer.templates.version(local.name, live.version)).files;
  const sources = files.map(({ path }) => ({
    path,
    diff: toUnifiedDiff(path, before[path] ?? null, local.sources.files[path] ?? null),
  }));
  if (live === null || engine === null) return { ...facts, sources, rendered: null, problem: null };
  const [here, there] = await Promise.all([
    engine.render(local.sources, { props: null, locale: null }),
    mailer.templates.render(local.name, { version: live.version }),
  ]);
  if (!here.ok) return { ...facts, sources, rendered: null, problem: toProblem(here) };
  return { ...facts, sources, rendered: compareRendered(there, here), problem: null };
}

type Parts = Pick<RenderedTemplate, 'subject' | 'html' | 'text'>;

function compareRendered(there: Parts, here: Parts): { subject: string; html: string; text: string } {
  return {
    subject: toUnifiedDiff('subject', there.subject ?? '', here.subject ?? ''),
    html: toUnifiedDiff('index.html', toReadableHtml(there.html), toReadableHtml(here.html)),
    text: toUnifiedDiff('index.txt', there.text, here.text),
  };
}

/** Rendered mails are one long line; a line for each tag makes the difference visible. */
function toReadableHtml(html: string): string {
  return html.replaceAll(/>\s*</g, '>\n<');
}

function toJson({ problem, ...compared }: Compared): Record<string, unknown> {
  return { ...compared, ...(problem === null ? {} : { error: problem }) };
}

function toText({ name, change, liveVersion, sources, rendered, problem }: Compared): string {
  if (change === 'unchanged') return dim(`same  ${name}  version ${liveVersion}`);
  const head = change === 'new' ? `${bold(name)} is new` : `${bold(name)} is not version ${liveVersion}`;
  const parts = [
    ...sources.map((file) => file.diff),
    ...(rendered === null ? [] : [rendered.subject, rendered.html, rendered.text]),
  ];
  const problems = problem === null ? [] : [`${red('does not compile')}  ${toReasons(problem)}`];
  return [head, ...problems, ...parts.filter((part) => part !== '').map(paintDiff)].join('\n');
}

function paintDiff(text: string): string {
  return text
    .split('\n')
    .map((line) => {
      if (/^(---|\+\+\+) /.test(line)) return bold(line);
      if (line.startsWith('@@')) return cyan(line);
      if (line.startsWith('+')) return green(line);
      return line.startsWith('-') ? red(line) : line;
    })
    .join('\n');
}
