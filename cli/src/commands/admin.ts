import { Command, Option } from 'commander';
import { withExamples } from '../examples.ts';
import { withKeyExpiry, withKeyId, withOverlap } from '../key-options.ts';
import { lazily } from '../lazily.ts';
import { withConfirmation, withOutput } from '../options.ts';

/** `mailctl admin ...`: on the database itself, for who has no admin key, or one too many. */
export function adminCommand(): Command {
  const admin = new Command('admin').description(
    "what needs no admin key, but the database (DATABASE_URL): an operator's first steps, and admin keys",
  );
  admin.addCommand(bootstrapCommand());
  admin.addCommand(keyCommand());
  return admin;
}

function bootstrapCommand(): Command {
  const command = withOutput(new Command('bootstrap'))
    .description(
      'create an admin key in the database (DATABASE_URL) where none works yet, or any more, and show it this once',
    )
    .action(lazily(async () => (await import('./admin/bootstrap.ts')).bootstrap));
  return withExamples(command, ['admin bootstrap', 'admin bootstrap --json']);
}

function keyCommand(): Command {
  const key = new Command('key').description('the admin keys in the database (DATABASE_URL)');
  for (const command of [createCommand(), listCommand(), rotateCommand(), revokeCommand()])
    key.addCommand(command);
  return key;
}

function createCommand(): Command {
  const command = withKeyExpiry(withOutput(new Command('create')))
    .description('create an admin key in the database, and show it this once')
    .addOption(new Option('--name <name>', 'what it is for').makeOptionMandatory())
    .action(lazily(async () => (await import('./admin/key.ts')).create));
  return withExamples(command, [
    'admin key create --name ada',
    'admin key create --name audit --expires 30d',
  ]);
}

function listCommand(): Command {
  const command = withOutput(new Command('list'))
    .description("list the database's admin keys, never their secrets")
    .action(lazily(async () => (await import('./admin/key.ts')).list));
  return withExamples(command, ['admin key list']);
}

function rotateCommand(): Command {
  const command = withOverlap(withConfirmation(withOutput(new Command('rotate'))))
    .description('make a new admin key in the place of another, which still works for a while')
    .action(lazily(async () => (await import('./admin/key.ts')).rotate));
  return withExamples(command, ['admin key rotate 01a1fcb2-31de-7043-a58c-94c3f0a0d7ba --overlap 2h --yes']);
}

function revokeCommand(): Command {
  const command = withKeyId(withConfirmation(withOutput(new Command('revoke'))))
    .description('end an admin key on every instance within 2 seconds')
    .action(lazily(async () => (await import('./admin/key.ts')).revoke));
  return withExamples(command, ['admin key revoke 01a1fcb2-31de-7043-a58c-94c3f0a0d7ba --yes']);
}
