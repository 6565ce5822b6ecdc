import { Command } from 'commander';
// A type only: the client is loaded by the commands that talk to a service.
import type { ErasedRecipient } from '@org/mail-sdk';
import { withExamples } from '../examples.ts';
import { mailerOf, outputOf, type ServiceFlags, withConfirmation, withConnection } from '../options.ts';
import { green } from '../output.ts';
import { withSpinner } from '../progress.ts';
import { assertConfirmed } from '../prompt.ts';

/** `mailctl recipient ...`: the people that a client writes to. */
export function recipientCommand(): Command {
  const recipient = new Command('recipient').description('the people that you write to');
  const command = withConfirmation(withConnection(new Command('erase')))
    .description(
      'forget an address: what was sent to it loses address and content, and keeps ids, states and times',
    )
    .argument('<address>', 'the address')
    .action(erase);
  recipient.addCommand(
    withExamples(command, [
      'recipient erase ada@example.com',
      'recipient erase ada@example.com --yes --json',
    ]),
  );
  return recipient;
}

async function erase(address: string, flags: ServiceFlags & { yes?: boolean }): Promise<void> {
  const output = outputOf(flags);
  const mailer = await mailerOf(flags);
  await assertConfirmed(flags, `Erase ${address} from everything that was sent? There is no way back.`);
  const erased = await withSpinner(output, 'Erasing', () => mailer.recipients.erase(address));
  output.answer({ address, ...erased }, () => toReport(address, erased));
}

function toReport(address: string, { messages, pending, suppressionKept }: ErasedRecipient): string {
  return [
    `${green('erased')}  ${address} from ${toCount(messages)}.`,
    ...(pending > 0 ? [`${toCount(pending)} to it is still on the way: erase it again after that.`] : []),
    ...(suppressionKept ? ['It stays suppressed, so that no mail reaches it again.'] : []),
  ].join('\n');
}

function toCount(count: number): string {
  return count === 1 ? '1 message' : `${count} messages`;
}
