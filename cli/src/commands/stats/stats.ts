import type { Stats, StatsQuery } from '@org/mail-sdk';
import { isBad, STATUSES } from '../../message-status.ts';
import { mailerOf, outputOf, type ServiceFlags } from '../../options.ts';
import { bold, type Column, cyan, dim, red, toList } from '../../output.ts';
import { definedOnly, parsePast } from '../../parse-option.ts';
import { toShortTime } from '../../record.ts';

type StatsFlags = ServiceFlags & Pick<StatsQuery, 'bucket' | 'mode'> & { since?: string; until?: string };

/** `mailctl stats` */
export async function stats({ bucket, mode, since, until, ...flags }: StatsFlags): Promise<void> {
  const query = definedOnly({
    bucket,
    mode,
    since: since === undefined ? undefined : parsePast(since, '--since'),
    until: until === undefined ? undefined : parsePast(until, '--until'),
  });
  const mailer = await mailerOf(flags);
  const found = await mailer.stats.get(query);
  outputOf(flags).answer(found, () => toReport(found));
}

type Tally = { total: number; byStatus: Stats['byStatus'] };

function toReport(found: Stats): string {
  const { mode, since, until, total, byStatus, byTemplate, byProvider, buckets } = found;
  const head = `${bold(`${total} ${total === 1 ? 'message' : 'messages'}`)}  ${dim(`${mode}, ${toTime(since)} to ${toTime(until)} UTC`)}`;
  if (total === 0) return head;
  const statuses = STATUSES.filter((status) => (byStatus[status] ?? 0) > 0);
  const counts = toColumns(statuses);
  return [
    head,
    toList(byTemplate, [{ title: 'template', of: ({ template }) => template ?? '-' }, ...counts]),
    toList(byProvider, [{ title: 'provider', of: ({ provider }) => provider ?? '-' }, ...counts]),
    toTimes(buckets, counts),
  ].join('\n\n');
}

/** Nothing for what never happened: a table of zeroes hides the numbers. */
function toColumns(statuses: readonly string[]): Column<Tally>[] {
  return ['total', ...statuses].map((title) => ({
    title,
    of: ({ total, byStatus }) => String((title === 'total' ? total : byStatus[title]) || ''),
    isNumber: true,
    tint: (text) => (isBad(title) ? red(text) : text),
  }));
}

const BAR_WIDTH = 16;

/** What came before the first message and after the last is left out; a gap between them is worth seeing. */
function toTimes(buckets: Stats['buckets'], counts: readonly Column<Tally>[]): string {
  const isBusy = ({ total }: Tally) => total > 0;
  const shown = buckets.slice(buckets.findIndex(isBusy), buckets.findLastIndex(isBusy) + 1);
  const most = Math.max(...shown.map(({ total }) => total));
  const toBar = ({ total }: Tally) => '\u2588'.repeat(Math.ceil((total / most) * BAR_WIDTH));
  return toList(shown, [
    { title: 'from (UTC)', of: ({ at }) => toTime(at), isWhole: true },
    { title: '', of: toBar, tint: cyan },
    ...counts,
  ]);
}

/** To the minute. */
function toTime(text: string): string {
  return toShortTime(text).slice(0, 16);
}
