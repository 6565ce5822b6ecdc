import { bootstrapAdminKey } from '@org/mail-server/admin';
import { CommandError } from '../../command-error.ts';
import { programName } from '../../environment.ts';
import { outputOf, type OutputFlags } from '../../options.ts';
import { bold } from '../../output.ts';
import { onMigrated } from './migrated.ts';

export async function bootstrap(flags: OutputFlags): Promise<void> {
  const key = await onMigrated(bootstrapAdminKey());
  if (key === null) {
    throw new CommandError(
      'failed',
      'There is an admin key already; it is shown once, when it is made.',
      `"${programName()} admin key create" makes another, "${programName()} admin key list" shows which there are.`,
    );
  }
  outputOf(flags).answer(
    { key },
    () => `${bold(key)}\nThis is the only time it is shown: keep it in a safe place.`,
  );
}
