import { Command } from 'commander';
// Types only: the client is loaded by the commands that talk to a service.
import type { DeadLetterFilter, Mailer } from '@org/mail-sdk';
import { tellDone, tellItems } from '../answers.ts';
import { CommandError } from '../command-error.ts';
import { withExamples } from '../examples.ts';
import { mailerOf, outputOf, type ServiceFlags, withConfirmation, withConnection } from '../options.ts';
import { firstOf } from '../pages.ts';
import { definedOnly, parsePast, parseWhole } from '../parse-option.ts';
import { withSpinner } from '../progress.ts';
import { assertConfirmed } from '../prompt.ts';

type FilterFlags = {
  template?: string;
  provider?: string;
  reason?: string;
  client?: string;
  since?: string;
  until?: string;
};
type ManyFlags = ServiceFlags & FilterFlags & { all?: boolean; yes?: boolean };

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

async function list(flags: ServiceFlags & FilterFlags & { limit: string }): Promise<void> {
  const limit = parseWhole(flags.limit, '--limit');
  const filter = toFilter(flags);
  const mailer = await mailerOf(flags);
  const found = await firstOf(limit, (page) => mailer.deadLetters.list({ ...filter, ...page }));
  const fields = [
    'messageId',
    'recipient',
    'reason',
    'provider',
    'template',
    'attempts',
    'createdAt',
  ] as const;
  tellItems(flags, found, { fields, none: 'Nothing was given up.' });
}

type Action = 'retry' | 'discard';

async function many(action: Action, ids: readonly string[], flags: ManyFlags): Promise<void> {
  const filter = toFilter(flags);
  const isFiltered = Object.keys(filter).length > 0;
  if (ids.length === 0 && !isFiltered && !flags.all)
    throw new CommandError('usage', 'Name messages, pass filters, or --all.');
  if (ids.length > 0 && (isFiltered || flags.all))
    throw new CommandError('usage', 'Name messages or pass filters, not both.');
  const mailer = await mailerOf(flags);
  if (ids.length === 0 || action === 'discard') {
    const what =
      ids.length > 0 ? `${ids.length} of them` : isFiltered ? 'all that the filters find' : 'every one';
    await assertConfirmed(flags, `${action === 'retry' ? 'Send again' : 'Discard'}: ${what}?`);
  }
  const rounds = ids.length > 0 ? each(mailer, action, ids) : walk(mailer, action, filter);
  await tellCount(action, flags, rounds);
}

/** Counts as it goes, so that what was done is told also where the rest fails. */
async function tellCount(action: Action, flags: ServiceFlags, rounds: AsyncIterable<number>): Promise<void> {
  const done = action === 'retry' ? 'retried' : 'discarded';
  let count = 0;
  const tell = () => tellDone(flags, { [done]: count }, `${count} ${done}.`);
  try {
    await withSpinner(outputOf(flags), 'Working', async (spinner) => {
      for await (const more of rounds) {
        count += more;
        spinner.show(`${count} ${done}`);
      }
    });
  } catch (error) {
    if (count > 0) tell();
    throw error;
  }
  tell();
}

async function* each(mailer: Mailer, action: Action, ids: readonly string[]): AsyncGenerator<number> {
  for (const id of ids) {
    await mailer.deadLetters[action](id);
    yield 1;
  }
}

/** The service does a bounded number at a time, and says whether there are more. */
async function* walk(mailer: Mailer, action: Action, filter: DeadLetterFilter): AsyncGenerator<number> {
  for (let hasMore = true; hasMore;) {
    const round =
      action === 'retry'
        ? await mailer.deadLetters.retryAll(filter)
        : await mailer.deadLetters.discardAll(filter);
    const count = 'retried' in round ? round.retried : round.discarded;
    hasMore = round.hasMore && count > 0;
    yield count;
  }
}

function toFilter({ template, provider, reason, client, since, until }: FilterFlags): DeadLetterFilter {
  return definedOnly({
    template,
    provider,
    reason,
    clientId: client,
    since: since === undefined ? undefined : parsePast(since, '--since'),
    until: until === undefined ? undefined : parsePast(until, '--until'),
  });
}
