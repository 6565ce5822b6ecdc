import { Command } from 'commander';
import type { ProviderReport } from '@org/mail-sdk';
import { withExamples } from '../examples.ts';
import { mailerOf, outputOf, type ServiceFlags, withConnection } from '../options.ts';
import { green, red, toList } from '../output.ts';
import { toCell } from '../record.ts';

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
  return provider;
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
      tint: (text) => (text.trim() === CLOSED ? green(text) : red(text)),
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
