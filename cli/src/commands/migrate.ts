import { Command } from 'commander';
import { outputOf, type OutputFlags, withOutput } from '../options.ts';

/** `mailctl migrate` */
export function migrateCommand(): Command {
  return withOutput(new Command('migrate'))
    .description("bring the database's schema up to date (DATABASE_URL)")
    .action(migrate);
}

async function migrate(flags: OutputFlags): Promise<void> {
  const { migrateDatabase } = await import('@org/mail-server/admin');
  const { profile } = await migrateDatabase();
  outputOf(flags).answer({ status: 'migrated', profile }, () => `The ${profile} database is up to date.`);
}
