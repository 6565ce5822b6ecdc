import { Command } from 'commander';
// A type only: the client is loaded by the commands that talk to a service.
import type { Mailer } from '@org/mail-sdk';
import { tellDone, tellItem, tellItems } from '../answers.ts';
import { CommandError } from '../command-error.ts';
import { programName } from '../environment.ts';
import { withExamples } from '../examples.ts';
import { mailerOf, type ServiceFlags, withConfirmation, withConnection } from '../options.ts';
import { firstOf } from '../pages.ts';
import { definedOnly, parseWhole } from '../parse-option.ts';
import { assertConfirmed } from '../prompt.ts';
import { toCell } from '../record.ts';

type ClientFlags = ServiceFlags & {
  name?: string;
  fromDomain?: string[];
  rateLimit?: string;
  quotaLimit?: string;
  provider?: string;
};

const AS_ADMIN = { isAdmin: true };

/** `mailctl client ...`: the applications that send. For admin keys. */
export function clientCommand(): Command {
  const client = new Command('client').description('the applications that send (admin keys)');
  const commands = [
    createCommand(),
    listCommand(),
    getCommand(),
    updateCommand(),
    suspendCommand(),
    deleteCommand(),
  ];
  for (const command of commands) client.addCommand(command);
  return client;
}

function withSettings(command: Command): Command {
  return command
    .option('--from-domain <domain...>', 'domains it may send from; "any" for all')
    .option('--rate-limit <number>', 'requests a minute; "none" for no limit')
    .option('--quota-limit <number>', 'live mails a calendar month (UTC); "none" for no limit')
    .option('--provider <name>', 'the only provider its live mail may take; "none" for any');
}

function createCommand(): Command {
  const command = withSettings(withConnection(new Command('create')))
    .description('create a client')
    .argument('<name>', 'its name')
    .action(create);
  return withExamples(command, ['client create shop --from-domain shop.example.com --rate-limit 600']);
}

function listCommand(): Command {
  const command = withConnection(new Command('list'))
    .description('list the clients')
    .option('--limit <number>', 'how many', '100')
    .action(list);
  return withExamples(command, ['client list']);
}

function getCommand(): Command {
  const command = withConnection(new Command('get'))
    .description('show a client')
    .argument('<client>', 'its id or name')
    .action(get);
  return withExamples(command, ['client get shop']);
}

function updateCommand(): Command {
  const command = withSettings(withConnection(new Command('update')))
    .description('change a client; what is not named stays as it is')
    .argument('<client>', 'its id or name')
    .option('--name <name>', 'another name')
    .option('--resume', 'take back a suspension')
    .action(update);
  return withExamples(command, ['client update shop --quota-limit 100000', 'client update shop --resume']);
}

function suspendCommand(): Command {
  const command = withConfirmation(withConnection(new Command('suspend')))
    .description('refuse whatever a client asks for, until "client update --resume"')
    .argument('<client>', 'its id or name')
    .action(suspend);
  return withExamples(command, ['client suspend shop --yes']);
}

function deleteCommand(): Command {
  const command = withConfirmation(withConnection(new Command('delete')))
    .description('delete a client with all its data')
    .argument('<client>', 'its id or name')
    .action(deleteClient);
  return withExamples(command, ['client delete old-shop --yes']);
}

async function create(name: string, flags: ClientFlags): Promise<void> {
  const { fromDomains, ...settings } = toSettings(flags);
  // A new client may send from any domain unless it is told which.
  const client = { name, ...settings, ...(fromDomains ? { fromDomains } : {}) };
  const mailer = await mailerOf(flags, AS_ADMIN);
  tellItem(flags, await mailer.clients.create(client));
}

async function list(flags: ServiceFlags & { limit: string }): Promise<void> {
  const limit = parseWhole(flags.limit, '--limit');
  const mailer = await mailerOf(flags, AS_ADMIN);
  const fields = [
    'id',
    'name',
    'status',
    'fromDomains',
    'rateLimit',
    'quotaLimit',
    'provider',
    'createdAt',
  ] as const;
  const clients = await firstOf(limit, (page) => mailer.clients.list(page));
  tellItems(flags, clients, { fields, none: 'No clients yet.' });
}

async function get(client: string, flags: ServiceFlags): Promise<void> {
  const mailer = await mailerOf(flags, AS_ADMIN);
  tellItem(flags, await mailer.clients.get(await idOfClient(mailer, client)));
}

async function update(client: string, flags: ClientFlags & { resume?: true }): Promise<void> {
  const status = flags.resume ? ('active' as const) : undefined;
  const changes = { ...definedOnly({ name: flags.name, status }), ...toSettings(flags) };
  if (Object.keys(changes).length === 0)
    throw new CommandError('usage', 'Say what to change; --help lists it.');
  const mailer = await mailerOf(flags, AS_ADMIN);
  tellItem(flags, await mailer.clients.update(await idOfClient(mailer, client), changes));
}

async function suspend(client: string, flags: ServiceFlags & { yes?: boolean }): Promise<void> {
  const mailer = await mailerOf(flags, AS_ADMIN);
  const id = await idOfClient(mailer, client);
  await assertConfirmed(flags, `Suspend ${client}? It can send nothing until it is resumed.`);
  tellItem(flags, await mailer.clients.suspend(id));
}

async function deleteClient(client: string, flags: ServiceFlags & { yes?: boolean }): Promise<void> {
  const mailer = await mailerOf(flags, AS_ADMIN);
  const { id, name } = await mailer.clients.get(await idOfClient(mailer, client));
  await assertConfirmed(flags, `Delete ${name} with its keys, templates and messages? There is no way back.`);
  const { removed } = await mailer.clients.delete(id, name);
  tellDone(flags, { deleted: id, name, removed }, `${name} is deleted, with ${toCell(removed)}.`);
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** People know names, the service ids. @throws CommandError `not_found` */
export async function idOfClient(mailer: Mailer, client: string): Promise<string> {
  if (UUID.test(client)) return client;
  const [found] = (await mailer.clients.list({ name: client })).data;
  if (found) return found.id;
  throw new CommandError('not_found', `There is no client "${client}".`, `${programName()} client list`);
}

function toSettings({ fromDomain, rateLimit, quotaLimit, provider }: ClientFlags) {
  return definedOnly({
    fromDomains: fromDomain?.includes('any') ? null : fromDomain,
    rateLimit: toLimit(rateLimit, '--rate-limit'),
    quotaLimit: toLimit(quotaLimit, '--quota-limit'),
    provider: provider === 'none' ? null : provider,
  });
}

function toLimit(text: string | undefined, name: string): number | null | undefined {
  if (text === undefined) return undefined;
  return text === 'none' ? null : parseWhole(text, name);
}
