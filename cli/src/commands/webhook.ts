import { Command } from 'commander';
// Types only: the client is loaded by the commands that talk to a service.
import type { WebhookDelivery } from '@org/mail-sdk';
import { tellDone, tellItem, tellItems } from '../answers.ts';
import { CommandError } from '../command-error.ts';
import { membersOf, withChoice } from '../choice.ts';
import { withExamples } from '../examples.ts';
import { lazily } from '../lazily.ts';
import { mailerOf, type ServiceFlags, withConfirmation, withConnection } from '../options.ts';
import { bold } from '../output.ts';
import { allOf, firstOf } from '../pages.ts';
import { definedOnly, parsePast, parseWhole } from '../parse-option.ts';
import { assertConfirmed } from '../prompt.ts';
import { WEBHOOK_EVENTS, type WebhookEventName } from '../webhook-events.ts';

type DeliveryStatus = WebhookDelivery['status'];

const DELIVERY_STATUSES = membersOf<DeliveryStatus>({
  pending: true,
  delivered: true,
  failed: true,
  paused: true,
});

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
    .option('--description <text>', 'what it is for')
    .action(create);
  const description = 'the events that it is told of; all otherwise';
  withChoice(command, { flags: '--event <type...>', description, choices: WEBHOOK_EVENTS });
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
    .option('--limit <number>', 'how many', '20')
    .action(deliveries);
  const description = 'only those in this status';
  withChoice(command, { flags: '--status <status>', description, choices: DELIVERY_STATUSES });
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

type CreateFlags = ServiceFlags & { event?: WebhookEventName[]; description?: string };

async function create(url: string, flags: CreateFlags): Promise<void> {
  const { event: events = ['*'], description } = flags;
  const mailer = await mailerOf(flags);
  const endpoint = await mailer.webhookEndpoints.create({ url, events, ...definedOnly({ description }) });
  tellItem(flags, endpoint, bold('This is the only time the secret is shown.'));
}

async function list(flags: ServiceFlags): Promise<void> {
  const mailer = await mailerOf(flags);
  const endpoints = await allOf((page) => mailer.webhookEndpoints.list(page));
  const fields = ['id', 'url', 'status', 'events', 'failingSince', 'description'] as const;
  tellItems(flags, endpoints, { fields, none: 'No endpoints yet.' });
}

async function test(id: string, flags: ServiceFlags): Promise<void> {
  const mailer = await mailerOf(flags);
  tellItem(flags, await mailer.webhookEndpoints.test(id));
}

type ReplayFlags = ServiceFlags & { event?: string; since?: string; until?: string };

async function replay(id: string, flags: ReplayFlags): Promise<void> {
  const { event, since, until } = flags;
  if ((event === undefined) === (since === undefined))
    throw new CommandError('usage', 'Say which events: --event <number>, or --since <time>.');
  const which = definedOnly({
    eventId:
      event === undefined ? undefined : parseWhole(event, '--event', { maximum: Number.MAX_SAFE_INTEGER }),
    since: since === undefined ? undefined : parsePast(since, '--since'),
    until: until === undefined ? undefined : parsePast(until, '--until'),
  });
  const mailer = await mailerOf(flags);
  tellItem(flags, await mailer.webhookEndpoints.replay(id, which));
}

type DeliveriesFlags = ServiceFlags & { status?: DeliveryStatus; limit: string };

async function deliveries(id: string, flags: DeliveriesFlags): Promise<void> {
  const limit = parseWhole(flags.limit, '--limit');
  const query = definedOnly({ status: flags.status });
  const mailer = await mailerOf(flags);
  const found = await firstOf(limit, (page) => mailer.webhookEndpoints.deliveries(id, { ...query, ...page }));
  const fields = ['id', 'type', 'status', 'messageId', 'eventId', 'nextAttemptAt', 'createdAt'] as const;
  tellItems(flags, found, { fields, none: 'Nothing was sent there yet.' });
}

async function deleteEndpoint(id: string, flags: ServiceFlags & { yes?: boolean }): Promise<void> {
  const mailer = await mailerOf(flags);
  await assertConfirmed(flags, `Delete the endpoint ${id}?`);
  await mailer.webhookEndpoints.delete(id);
  tellDone(flags, { deleted: id }, `${id} is deleted.`);
}
