import { Command } from 'commander';
// Types only: the client is loaded by the commands that talk to a service.
import type { ProviderEvent, ProviderReport } from '@org/mail-sdk';
import { withExamples } from '../examples.ts';
import { mailerOf, outputOf, type ServiceFlags, withConnection } from '../options.ts';
import { green, red, toList } from '../output.ts';
import { firstOf } from '../pages.ts';
import { definedOnly, parsePast, parseWhole } from '../parse-option.ts';
import { toCell, toShortTime } from '../record.ts';

/** Breakers and counts are each worker's own, so that each has a line. */
type Line = Pick<ProviderReport, 'name'> & ProviderReport['workers'][number];

const CLOSED = 'closed';
const NONE =
  'No worker has told of a provider: none is configured (all mail is kept), or none has started yet.';

/** `mailctl provider ...`: the ways out. For admin keys. */
export function providerCommand(): Command {
  const provider = new Command('provider').description('the ways out of the service (admin keys)');
  const list = withConnection(new Command('list'))
    .description('list the providers, with their circuit breakers and counters')
    .action(listProviders);
  provider.addCommand(withExamples(list, ['provider list', 'provider list --json']));
  provider.addCommand(eventsCommand());
  return provider;
}

function eventsCommand(): Command {
  const command = withConnection(new Command('events'))
    .description('when a provider was out of order and why, newest first')
    .argument('<name>', 'name of the provider')
    .option('--since <time>', 'since: a time, or 30m, 2h, 1d ago')
    .option('--until <time>', 'before')
    .option('--limit <number>', 'how many', '20')
    .action(listEvents);
  return withExamples(command, ['provider events smtp', 'provider events ses --since 7d --limit 100 --json']);
}

type EventFlags = ServiceFlags & { since?: string; until?: string; limit: string };

async function listEvents(name: string, { since, until, limit, ...flags }: EventFlags): Promise<void> {
  const count = parseWhole(limit, '--limit');
  const query = definedOnly({
    since: since === undefined ? undefined : parsePast(since, '--since'),
    until: until === undefined ? undefined : parsePast(until, '--until'),
  });
  const mailer = await mailerOf(flags, { isAdmin: true });
  const data = await firstOf(count, (page) => mailer.providers.events(name, { ...query, ...page }));
  outputOf(flags).answer({ data }, () =>
    data.length === 0 ? `Nothing was wrong with ${name} in that time.` : toHistory(data),
  );
}

function toHistory(events: readonly ProviderEvent[]): string {
  return toList(events, [
    { title: 'at', of: ({ at }) => toShortTime(at), isWhole: true },
    { title: 'breaker', of: ({ kind }) => kind, tint: tintBreaker, isWhole: true },
    { title: 'reason', of: ({ reason }) => reason },
    { title: 'worker', of: ({ worker }) => worker },
  ]);
}

function tintBreaker(text: string): string {
  return text.trim() === CLOSED ? green(text) : red(text);
}

async function listProviders(flags: ServiceFlags): Promise<void> {
  const mailer = await mailerOf(flags, { isAdmin: true });
  const data = await Array.fromAsync(mailer.providers.list());
  outputOf(flags).answer({ data }, () => (data.length === 0 ? NONE : toTable(data)));
}

function toTable(providers: readonly ProviderReport[]): string {
  const lines = providers.flatMap(({ name, workers }): Line[] =>
    workers.map((state) => ({ name, ...state })),
  );
  return toList(lines, [
    { title: 'name', of: ({ name }) => name, isWhole: true },
    { title: 'kind', of: ({ kind }) => kind ?? '' },
    {
      title: 'breaker',
      of: ({ breaker }) => breaker.state,
      tint: tintBreaker,
      isWhole: true,
    },
    { title: 'order', of: ({ order }) => String(order), isWhole: true },
    { title: 'weight', of: ({ weight }) => String(weight), isWhole: true },
    { title: 'ratePerS', of: ({ ratePerS }) => toCell(ratePerS), isWhole: true },
    { title: 'counts', of: ({ counts }) => toCounts(counts) },
    { title: 'reason', of: ({ breaker }) => breaker.reason ?? '' },
    { title: 'worker', of: ({ worker }) => worker },
  ]);
}

/** What never happened is left out. */
function toCounts(counts: Line['counts']): string {
  return toCell(Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)));
}
