import { Command } from 'commander';
import { tellItem } from '../answers.ts';
import { withExamples } from '../examples.ts';
import { type ServiceFlags, withConfirmation, withConnection } from '../options.ts';
import { assertConfirmed } from '../prompt.ts';
import { serviceOf } from '../service.ts';

const PATH = '/v1/queue';
const AS_ADMIN = { isAdmin: true };

/** `mailctl queue ...`: what waits to be sent. For admin keys. */
export function queueCommand(): Command {
  const queue = new Command('queue').description('what waits to be sent (admin keys)');
  const status = withConnection(new Command('status'))
    .description('how much waits, and whether it is paused')
    .action(show);
  const pause = withConfirmation(withConnection(new Command('pause')))
    .description('let everything wait; mail is still accepted')
    .action(pauseQueue);
  const resume = withConnection(new Command('resume')).description('go on sending').action(resumeQueue);
  queue.addCommand(withExamples(status, ['queue status', 'queue status --json']));
  queue.addCommand(withExamples(pause, ['queue pause --yes']));
  queue.addCommand(withExamples(resume, ['queue resume']));
  return queue;
}

async function show(flags: ServiceFlags): Promise<void> {
  const service = await serviceOf(flags, AS_ADMIN);
  tellItem(flags, await service.request('GET', PATH));
}

async function pauseQueue(flags: ServiceFlags & { yes?: boolean }): Promise<void> {
  const service = await serviceOf(flags, AS_ADMIN);
  await assertConfirmed(flags, 'Pause sending for every client?');
  tellItem(flags, await service.request('POST', `${PATH}/pause`));
}

async function resumeQueue(flags: ServiceFlags): Promise<void> {
  const service = await serviceOf(flags, AS_ADMIN);
  tellItem(flags, await service.request('POST', `${PATH}/resume`));
}
