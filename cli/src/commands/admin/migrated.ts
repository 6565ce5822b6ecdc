import { CommandError } from '../../command-error.ts';
import { programName } from '../../environment.ts';

/** What was done on the database. @throws CommandError `failed` where it has no tables yet, with what makes them */
export async function onMigrated<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
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
