import { Command } from 'commander';
import { tellDone, tellItems } from '../answers.ts';
import { CommandError } from '../command-error.ts';
import { withExamples } from '../examples.ts';
import { outputOf, type ServiceFlags, withConfirmation, withConnection } from '../options.ts';
import { definedOnly, parsePast, parseWhole } from '../parse-option.ts';
import { withSpinner } from '../progress.ts';
import { assertConfirmed } from '../prompt.ts';
import { pathOf, type Service, serviceOf } from '../service.ts';

type Filter = {
  template?: string;
  provider?: string;
  reason?: string;
  client?: string;
  since?: string;
  until?: string;
};
type ManyFlags = ServiceFlags & Filter & { all?: boolean; yes?: boolean };

const PATH = '/v1/dead-letters';

/** `mailctl dead-letter ...`: what was given up. */
export function deadLetterCommand(): Command {
  const deadLetter = new Command('dead-letter').description('the messages that were given up');
  for (const command of [listCommand(), retryCommand(), discardCommand()]) deadLetter.addCommand(command);
  return deadLetter;
}

function withFilter(command: Command): Command {
  return command
    .option('--template <name>', 'from this template')
    .option('--provider <name>', 'last tried through this provider')
    .option('--reason <words>', 'whose reason has these words')
    .option('--client <id>', 'of this client (admin keys)')
    .option('--since <time>', 'given up since: a time, or 30m, 2h, 1d ago')
    .option('--until <time>', 'given up before');
}

function listCommand(): Command {
  const command = withFilter(withConnection(new Command('list')))
    .description('list them, newest first')
    .option('--limit <number>', 'how many', '20')
    .action(list);
  return withExamples(command, ['dead-letter list', 'dead-letter list --provider smtp --since 1d']);
}

function retryCommand(): Command {
  const command = withConfirmation(withFilter(withConnection(new Command('retry'))))
    .description('try again: those named, or all that the filters find')
    .argument('[ids...]', 'ids of messages')
    .option('--all', 'every one')
    .action((ids: string[], flags: ManyFlags) => many('retry', ids, flags));
  return withExamples(command, [
    'dead-letter retry 01a1fcb2-31de-7043-a58c-94c3f0a0d7ba',
    'dead-letter retry --provider smtp --since 2h --yes',
  ]);
}

function discardCommand(): Command {
  const command = withConfirmation(withFilter(withConnection(new Command('discard'))))
    .description(
      'take them off the list: those named, or all that the filters find; the messages stay failed',
    )
    .argument('[ids...]', 'ids of messages')
    .option('--all', 'every one')
    .action((ids: string[], flags: ManyFlags) => many('discard', ids, flags));
  return withExamples(command, [
    'dead-letter discard 01a1fcb2-31de-7043-a58c-94c3f0a0d7ba --yes',
    'dead-letter discard --template old --yes',
  ]);
}

async function list(flags: ServiceFlags & Filter & { limit: string }): Promise<void> {
  const limit = parseWhole(flags.limit, '--limit');
  const service = await serviceOf(flags);
  const items = await service.list(PATH, { query: toFilter(flags), limit });
  const fields = ['messageId', 'recipient', 'reason', 'provider', 'template', 'attempts', 'createdAt'];
  tellItems(flags, items, { fields, none: 'Nothing was given up.' });
}

type Action = 'retry' | 'discard';

async function many(action: Action, ids: readonly string[], flags: ManyFlags): Promise<void> {
  const filter = toFilter(flags);
  const isFiltered = Object.keys(filter).length > 0;
  if (ids.length === 0 && !isFiltered && !flags.all)
    throw new CommandError('usage', 'Name messages, pass filters, or --all.');
  if (ids.length > 0 && (isFiltered || flags.all))
    throw new CommandError('usage', 'Name messages or pass filters, not both.');
  const service = await serviceOf(flags);
  if (ids.length === 0 || action === 'discard') {
    const what =
      ids.length > 0 ? `${ids.length} of them` : isFiltered ? 'all that the filters find' : 'every one';
    await assertConfirmed(flags, `${action === 'retry' ? 'Send again' : 'Discard'}: ${what}?`);
  }
  const count =
    ids.length > 0 ? await each(service, action, ids) : await walk(service, { action, filter, flags });
  const done = action === 'retry' ? 'retried' : 'discarded';
  tellDone(flags, { [done]: count }, `${count} ${done}.`);
}

async function each(service: Service, action: Action, ids: readonly string[]): Promise<number> {
  for (const id of ids) {
    if (action === 'retry') await service.request('POST', pathOf(PATH, id, 'retry'));
    else await service.request('DELETE', pathOf(PATH, id));
  }
  return ids.length;
}

type Walk = { action: Action; filter: Record<string, string>; flags: ServiceFlags };

/** The service does a bounded number at a time, and says whether there are more. */
async function walk(service: Service, { action, filter, flags }: Walk): Promise<number> {
  return withSpinner(outputOf(flags), 'Working', async (spinner) => {
    let count = 0;
    for (let hasMore = true; hasMore;) {
      const answer = await service.request('POST', `${PATH}/${action}`, { body: filter });
      const done = Number(answer.retried ?? answer.discarded ?? 0);
      count += done;
      hasMore = answer.hasMore === true && done > 0;
      spinner.show(`${count} done`);
    }
    return count;
  });
}

function toFilter({ template, provider, reason, client, since, until }: Filter): Record<string, string> {
  const filter = definedOnly({
    template,
    provider,
    reason,
    clientId: client,
    since: since === undefined ? undefined : parsePast(since, '--since'),
    until: until === undefined ? undefined : parsePast(until, '--until'),
  });
  return Object.fromEntries(Object.entries(filter).map(([name, value]) => [name, String(value)]));
}
