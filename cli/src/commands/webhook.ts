import { Command } from 'commander';
import { tellDone, tellItem, tellItems } from '../answers.ts';
import { CommandError } from '../command-error.ts';
import { withExamples } from '../examples.ts';
import { lazily } from '../lazily.ts';
import { type ServiceFlags, withConfirmation, withConnection } from '../options.ts';
import { bold } from '../output.ts';
import { definedOnly, parsePast, parseWhole } from '../parse-option.ts';
import { assertConfirmed } from '../prompt.ts';
import { pathOf, serviceOf } from '../service.ts';

const PATH = '/v1/webhook-endpoints';

/** `mailctl webhook ...`: events to a URL of yours. */
export function webhookCommand(): Command {
  const webhook = new Command('webhook').description('events about your mail, to a URL of yours');
  const commands = [
    createCommand(),
    listCommand(),
    testCommand(),
    replayCommand(),
    deliveriesCommand(),
    deleteCommand(),
    listenCommand(),
  ];
  for (const command of commands) webhook.addCommand(command);
  return webhook;
}

function createCommand(): Command {
  const command = withConnection(new Command('create'))
    .description('have events sent to a URL; the secret that signs them is shown this once')
    .argument('<url>', 'an https URL')
    .option('--event <type...>', 'types of events (default: all)')
    .option('--description <text>', 'what it is for')
    .action(create);
  return withExamples(command, [
    'webhook create https://shop.example.com/mail-events --event message.bounced message.delivered',
  ]);
}

function listCommand(): Command {
  const command = withConnection(new Command('list')).description('list the endpoints').action(list);
  return withExamples(command, ['webhook list']);
}

function testCommand(): Command {
  const command = withConnection(new Command('test'))
    .description('send an event that is only a test')
    .argument('<id>', 'id of the endpoint')
    .action(test);
  return withExamples(command, ['webhook test 01a1fcb2-31de-7043-a58c-94c3f0a0d7ba']);
}

function replayCommand(): Command {
  const command = withConnection(new Command('replay'))
    .description('send events once more: one, or those of a time')
    .argument('<id>', 'id of the endpoint')
    .option('--event <number>', 'number of the event')
    .option('--since <time>', 'events since: a time, or 30m, 2h, 1d ago')
    .option('--until <time>', 'events before')
    .action(replay);
  return withExamples(command, ['webhook replay 01a1fcb2-31de-7043-a58c-94c3f0a0d7ba --since 2h']);
}

function deliveriesCommand(): Command {
  const command = withConnection(new Command('deliveries'))
    .description('what was sent to an endpoint, and what it answered')
    .argument('<id>', 'id of the endpoint')
    .option('--status <status>', 'only those in this status')
    .option('--limit <number>', 'how many', '20')
    .action(deliveries);
  return withExamples(command, ['webhook deliveries 01a1fcb2-31de-7043-a58c-94c3f0a0d7ba']);
}

function deleteCommand(): Command {
  const command = withConfirmation(withConnection(new Command('delete')))
    .description('send nothing more to an endpoint, and forget it')
    .argument('<id>', 'id of the endpoint')
    .action(deleteEndpoint);
  return withExamples(command, ['webhook delete 01a1fcb2-31de-7043-a58c-94c3f0a0d7ba --yes']);
}

function listenCommand(): Command {
  const command = withConnection(new Command('listen'))
    .description(
      'forward events to a URL on this machine, signed as webhooks are; no tunnel is needed. Ctrl-C ends it',
    )
    .argument('<url>', 'such as http://localhost:3000/mail-events')
    .option('--secret <secret>', 'signs them: whsec_... (default: a new one, which is shown)')
    .option('--since <time>', 'begin with what has happened since: a time, or 30m, 2h, 1d ago')
    .action(lazily(async () => (await import('./webhook/listen.ts')).listen));
  return withExamples(command, ['webhook listen http://localhost:3000/mail-events']);
}

async function create(
  url: string,
  flags: ServiceFlags & { event?: string[]; description?: string },
): Promise<void> {
  const service = await serviceOf(flags);
  const body = definedOnly({ url, events: flags.event ?? ['*'], description: flags.description });
  tellItem(
    flags,
    await service.request('POST', PATH, { body }),
    bold('This is the only time the secret is shown.'),
  );
}

async function list(flags: ServiceFlags): Promise<void> {
  const service = await serviceOf(flags);
  const fields = ['id', 'url', 'status', 'events', 'failingSince', 'description'];
  tellItems(flags, await service.list(PATH, { limit: 1000 }), { fields, none: 'No endpoints yet.' });
}

async function test(id: string, flags: ServiceFlags): Promise<void> {
  const service = await serviceOf(flags);
  tellItem(flags, await service.request('POST', pathOf(PATH, id, 'test')));
}

async function replay(
  id: string,
  flags: ServiceFlags & { event?: string; since?: string; until?: string },
): Promise<void> {
  const { event, since, until } = flags;
  if ((event === undefined) === (since === undefined))
    throw new CommandError('usage', 'Say which events: --event <number>, or --since <time>.');
  const body = definedOnly({
    eventId:
      event === undefined ? undefined : parseWhole(event, '--event', { maximum: Number.MAX_SAFE_INTEGER }),
    since: since === undefined ? undefined : parsePast(since, '--since'),
    until: until === undefined ? undefined : parsePast(until, '--until'),
  });
  const service = await serviceOf(flags);
  tellItem(flags, await service.request('POST', pathOf(PATH, id, 'replay'), { body }));
}

async function deliveries(
  id: string,
  flags: ServiceFlags & { status?: string; limit: string },
): Promise<void> {
  const limit = parseWhole(flags.limit, '--limit');
  const service = await serviceOf(flags);
  const items = await service.list(pathOf(PATH, id, 'deliveries'), {
    query: { status: flags.status },
    limit,
  });
  const fields = ['id', 'type', 'status', 'messageId', 'eventId', 'nextAttemptAt', 'createdAt'];
  tellItems(flags, items, { fields, none: 'Nothing was sent there yet.' });
}

async function deleteEndpoint(id: string, flags: ServiceFlags & { yes?: boolean }): Promise<void> {
  const service = await serviceOf(flags);
  await assertConfirmed(flags, `Delete the endpoint ${id}?`);
  await service.request('DELETE', pathOf(PATH, id));
  tellDone(flags, { deleted: id }, `${id} is deleted.`);
}
