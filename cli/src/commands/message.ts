import { Command, Option } from 'commander';
// A type only: the client is loaded by the commands that talk to a service.
import type { Resolution } from '@org/mail-sdk';
import { membersOf, withChoice } from '../choice.ts';
import { withExamples } from '../examples.ts';
import { lazily } from '../lazily.ts';
import { STATUSES } from '../message-status.ts';
import { withConfirmation, withConnection } from '../options.ts';

const RESOLUTIONS = membersOf<Resolution>({ sent: true, failed: true, retry: true });

/** `mailctl message ...` */
export function messageCommand(): Command {
  const message = new Command('message').description('look at messages, and decide about them');
  const commands = [
    listCommand(),
    getCommand(),
    eventsCommand(),
    contentCommand(),
    tailCommand(),
    cancelCommand(),
    retryCommand(),
    resolveCommand(),
  ];
  for (const command of commands) message.addCommand(command);
  return message;
}

function withFilters(command: Command): Command {
  const status = 'in this status';
  return withChoice(command, { flags: '--status <status>', description: status, choices: STATUSES })
    .option('--to <address>', 'to this recipient')
    .option('--template <name>', 'from this template');
}

function listCommand(): Command {
  const command = withFilters(withConnection(new Command('list')))
    .description('list messages, newest first')
    .option('--since <time>', 'accepted since: a time, or 30m, 2h, 1d ago')
    .option('--until <time>', 'accepted before')
    .option('--trace <id>', 'accepted in this trace: its id, or a whole traceparent')
    .option('--limit <number>', 'how many', '20')
    .action(lazily(async () => (await import('./message/list.ts')).list));
  return withExamples(command, [
    'message list',
    'message list --status failed --since 1d',
    'message list --to ada@example.com --json',
    'message list --trace 0af7651916cd43dd8448eb211c80319c',
  ]);
}

function getCommand(): Command {
  const command = withConnection(new Command('get'))
    .description('what became of a message: its state, recipients and timeline')
    .argument('<id>', 'id of the message')
    .action(lazily(async () => (await import('./message/get.ts')).get));
  return withExamples(command, ['message get 01a1fcb2-31de-7043-a58c-94c3f0a0d7ba']);
}

function eventsCommand(): Command {
  const command = withConnection(new Command('events'))
    .description("a message's timeline alone, oldest first")
    .argument('<id>', 'id of the message')
    .action(lazily(async () => (await import('./message/get.ts')).events));
  return withExamples(command, ['message events 01a1fcb2-31de-7043-a58c-94c3f0a0d7ba']);
}

function contentCommand(): Command {
  const command = withConnection(new Command('content'))
    .description('what a recipient sees: subject, html and text')
    .argument('<id>', 'id of the message')
    .option('--html', 'print the HTML alone, as it is')
    .option('--text', 'print the plain text alone, as it is')
    .action(lazily(async () => (await import('./message/get.ts')).content));
  return withExamples(command, ['message content 01a1fcb2-31de-7043-a58c-94c3f0a0d7ba --html > mail.html']);
}

function tailCommand(): Command {
  const command = withFilters(withConnection(new Command('tail')))
    .description('follow what happens to messages, as it happens; Ctrl-C ends it')
    .option('--since <time>', 'begin with what has happened since: a time, or 30m, 2h, 1d ago')
    .action(lazily(async () => (await import('./message/tail.ts')).tail));
  return withExamples(command, [
    'message tail',
    'message tail --status bounced --json',
    'message tail --since 1h',
  ]);
}

function cancelCommand(): Command {
  const command = withConfirmation(withConnection(new Command('cancel')))
    .description('take back messages that are queued or scheduled')
    .argument('<ids...>', 'ids of messages')
    .action(lazily(async () => (await import('./message/decide.ts')).cancel));
  return withExamples(command, ['message cancel 01a1fcb2-31de-7043-a58c-94c3f0a0d7ba --yes']);
}

function retryCommand(): Command {
  const command = withConnection(new Command('retry'))
    .description('try messages again that have failed')
    .argument('<ids...>', 'ids of messages')
    .action(lazily(async () => (await import('./message/decide.ts')).retry));
  return withExamples(command, ['message retry 01a1fcb2-31de-7043-a58c-94c3f0a0d7ba']);
}

function resolveCommand(): Command {
  const command = withConfirmation(withConnection(new Command('resolve')))
    .description(
      'say what became of a message whose hand-over is unknown: its answer was lost, and nobody may guess',
    )
    .argument('<id>', 'id of the message')
    .addOption(
      new Option('--as <outcome>', 'what became of it; retry may send it a second time')
        .choices(RESOLUTIONS)
        .makeOptionMandatory(),
    )
    .action(lazily(async () => (await import('./message/decide.ts')).resolve));
  return withExamples(command, ['message resolve 01a1fcb2-31de-7043-a58c-94c3f0a0d7ba --as sent --yes']);
}
