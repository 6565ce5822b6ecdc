import { mailerOf, outputOf, type OutputFlags, type ServiceFlags } from '../../options.ts';
import { bold, green } from '../../output.ts';
import { assertConfirmed } from '../../prompt.ts';

/** `mailctl template delete` */
export async function deleteTemplates(
  names: readonly string[],
  flags: ServiceFlags & OutputFlags & { yes?: boolean },
): Promise<void> {
  const mailer = await mailerOf(flags);
  // Before anybody is asked: a wrong name is told first.
  for (const name of names) await mailer.templates.get(name);
  await assertConfirmed(flags, `Delete ${names.join(', ')} with all versions?`);
  for (const name of names) await mailer.templates.delete(name);
  outputOf(flags).answer({ deleted: names }, () => `${green('deleted')} ${names.map(bold).join(', ')}`);
}
