import { Command } from 'commander';
// A type only: the client is loaded by the commands that talk to a service.
import type { Suppression } from '@org/mail-sdk';
import { tellDone, tellItem, tellItems } from '../answers.ts';
import { membersOf, withChoice } from '../choice.ts';
import { withExamples } from '../examples.ts';
import { mailerOf, type ServiceFlags, withConfirmation, withConnection } from '../options.ts';
import { firstOf } from '../pages.ts';
import { definedOnly, parseWhole } from '../parse-option.ts';
import { assertConfirmed } from '../prompt.ts';

type Reason = Suppression['reason'];

const REASONS = membersOf<Reason>({ hard_bounce: true, complaint: true, unsubscribe: true, manual: true });

/** `mailctl suppression ...`: the addresses that live mail does not reach. */
export function suppressionCommand(): Command {
  const suppression = new Command('suppression').description(
    'the addresses that your live mail does not reach',
  );
  for (const command of [listCommand(), addCommand(), removeCommand()]) suppression.addCommand(command);
  return suppression;
}

function listCommand(): Command {
  const command = withConnection(new Command('list'))
    .description('list them, newest first')
    .option('--email <address>', 'only this one')
    .option('--limit <number>', 'how many', '20')
    .action(list);
  const description = 'only those that are there because of this';
  withChoice(command, { flags: '--reason <reason>', description, choices: REASONS });
  return withExamples(command, [
    'suppression list',
    'suppression list --reason complaint --limit 1000 --json',
  ]);
}

function addCommand(): Command {
  const command = withConnection(new Command('add'))
    .description('send nothing more to an address')
    .argument('<address>', 'the address')
    .action(add);
  return withExamples(command, ['suppression add ada@example.com']);
}

function removeCommand(): Command {
  const command = withConfirmation(withConnection(new Command('remove')))
    .description('send to an address again')
    .argument('<address>', 'the address, or the id of the entry')
    .action(remove);
  return withExamples(command, ['suppression remove ada@example.com --yes']);
}

type ListFlags = ServiceFlags & { email?: string; reason?: Reason; limit: string };

async function list(flags: ListFlags): Promise<void> {
  const limit = parseWhole(flags.limit, '--limit');
  const query = definedOnly({ email: flags.email, reason: flags.reason });
  const mailer = await mailerOf(flags);
  const found = await firstOf(limit, (page) => mailer.suppressions.list({ ...query, ...page }));
  const fields = ['email', 'reason', 'messageId', 'createdAt'] as const;
  tellItems(flags, found, { fields, none: 'No address is suppressed.' });
}

async function add(email: string, flags: ServiceFlags): Promise<void> {
  const mailer = await mailerOf(flags);
  tellItem(flags, await mailer.suppressions.add(email));
}

async function remove(address: string, flags: ServiceFlags & { yes?: boolean }): Promise<void> {
  const mailer = await mailerOf(flags);
  await assertConfirmed(
    flags,
    `Send to ${address} again? Mail to addresses that bounce or complain costs reputation.`,
  );
  await mailer.suppressions.remove(address);
  tellDone(flags, { removed: address }, `${address} is reached again.`);
}
