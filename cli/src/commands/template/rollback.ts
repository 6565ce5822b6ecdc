import { CommandError } from '../../command-error.ts';
import { mailerOf, outputOf, type ServiceFlags } from '../../options.ts';
import { bold, green } from '../../output.ts';
import { parseWhole } from '../../parse-option.ts';

/** `mailctl template rollback` */
export async function rollBack(name: string, wanted: string | undefined, flags: ServiceFlags): Promise<void> {
  const mailer = await mailerOf(flags);
  const current = await mailer.templates.get(name);
  const version = wanted === undefined ? current.version - 1 : parseWhole(wanted, 'The version');
  if (version < 1)
    throw new CommandError('invalid', `There is no version of "${name}" before ${current.version}.`);
  const template = await mailer.templates.rollBack(name, version);
  outputOf(flags).answer(
    { ...template, previousVersion: current.version },
    () => `${green('ok')} ${bold(name)} is version ${template.version} again; it was ${current.version}.`,
  );
}
