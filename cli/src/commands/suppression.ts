import { Command } from 'commander';
import { tellDone, tellItem, tellItems } from '../answers.ts';
import { withExamples } from '../examples.ts';
import { type ServiceFlags, withConfirmation, withConnection } from '../options.ts';
import { parseWhole } from '../parse-option.ts';
import { assertConfirmed } from '../prompt.ts';
import { pathOf, serviceOf } from '../service.ts';

const PATH = '/v1/suppressions';

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
    .option('--reason <reason>', 'hard_bounce, complaint, unsubscribe or manual')
    .option('--limit <number>', 'how many', '20')
    .action(list);
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

async function list(flags: ServiceFlags & { email?: string; reason?: string; limit: string }): Promise<void> {
  const limit = parseWhole(flags.limit, '--limit');
  const { email, reason } = flags;
  const service = await serviceOf(flags);
  const items = await service.list(PATH, { query: { email, reason }, limit });
  const fields = ['email', 'reason', 'messageId', 'createdAt'];
  tellItems(flags, items, { fields, none: 'No address is suppressed.' });
}

async function add(email: string, flags: ServiceFlags): Promise<void> {
  const service = await serviceOf(flags);
  tellItem(flags, await service.request('POST', PATH, { body: { email } }));
}

async function remove(address: string, flags: ServiceFlags & { yes?: boolean }): Promise<void> {
  const service = await serviceOf(flags);
  await assertConfirmed(
    flags,
    `Send to ${address} again? Mail to addresses that bounce or complain costs reputation.`,
  );
  await service.request('DELETE', pathOf(PATH, address));
  tellDone(flags, { removed: address }, `${address} is reached again.`);
}
