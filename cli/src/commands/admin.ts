import { Command } from 'commander';
import { CommandError } from '../command-error.ts';
import { programName } from '../environment.ts';
import { withExamples } from '../examples.ts';
import { outputOf, type OutputFlags, withOutput } from '../options.ts';
import { bold } from '../output.ts';

/** `mailctl admin bootstrap` */
export function adminCommand(): Command {
  const admin = new Command('admin').description('first steps of an operator');
  const command = withOutput(new Command('bootstrap'))
    .description('create the first admin key in the database (DATABASE_URL), and show it this once')
    .action(bootstrap);
  admin.addCommand(withExamples(command, ['admin bootstrap', 'admin bootstrap --json']));
  return admin;
}

async function bootstrap(flags: OutputFlags): Promise<void> {
  const key = await createFirstKey();
  if (key === null)
    throw new CommandError('failed', 'There is an admin key already; it is shown once, when it is made.');
  outputOf(flags).answer(
    { key },
    () => `${bold(key)}\nThis is the only time it is shown: keep it in a safe place.`,
  );
}

async function createFirstKey(): Promise<string | null> {
  const { bootstrapAdminKey } = await import('@org/mail-server/admin');
  try {
    return await bootstrapAdminKey();
  } catch (error) {
    if (!isWithoutTables(error)) throw error;
    throw new CommandError('failed', 'The database has no tables yet.', `${programName()} migrate`);
  }
}

/** PostgreSQL's undefined_table. */
function isWithoutTables(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : null;
  return cause instanceof Error && 'code' in cause && cause.code === '42P01';
}
