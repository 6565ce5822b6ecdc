import { Command } from 'commander';
import { withExamples } from '../examples.ts';
import { outputOf, type OutputFlags, withOutput } from '../options.ts';

/** `mailctl migrate` */
export function migrateCommand(): Command {
  const command = withOutput(new Command('migrate'))
    .description("bring the database's schema up to date (DATABASE_URL)")
    .action(migrate);
  return withExamples(command, ['migrate']);
}

async function migrate(flags: OutputFlags): Promise<void> {
  const { migrateDatabase } = await import('@org/mail-server/admin');
  const { profile } = await migrateDatabase();
  outputOf(flags).answer({ status: 'migrated', profile }, () => `The ${profile} database is up to date.`);
}
