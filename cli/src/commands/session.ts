import { Command } from 'commander';
import { withExamples } from '../examples.ts';
import { lazily } from '../lazily.ts';
import { withConfirmation, withConnection, withOutput } from '../options.ts';

/** `mailctl login` */
export function loginCommand(): Command {
  const command = withOutput(new Command('login'))
    .description(
      'keep a URL and its key under a name; the key goes to the system keychain, or a file for you alone',
    )
    .option('--url <url>', 'the service')
    .option('--api-key <key>', 'the key; - reads it from standard input')
    .option('--profile <name>', 'name of the login', 'default')
    .option('--no-verify', 'keep it without asking the service')
    .action(lazily(async () => (await import('./session/login.ts')).login));
  return withExamples(command, [
    'login',
    'login --profile production --url https://mail.example.com',
    'login --url https://mail.example.com --api-key - < key.txt',
  ]);
}

/** `mailctl logout` */
export function logoutCommand(): Command {
  const command = withConfirmation(withOutput(new Command('logout')))
    .description('forget a login and its key')
    .option('--profile <name>', 'which one (default: the current one)')
    .option('--all', 'every one')
    .action(lazily(async () => (await import('./session/login.ts')).logout));
  return withExamples(command, ['logout', 'logout --profile staging', 'logout --all --yes']);
}

/** `mailctl whoami` */
export function whoamiCommand(): Command {
  const command = withConnection(new Command('whoami'))
    .description('which service and key are used, where they come from, and what the key may do')
    .action(lazily(async () => (await import('./session/whoami.ts')).whoami));
  return withExamples(command, ['whoami', 'whoami --profile production --json']);
}

/** `mailctl profile ...` */
export function profileCommand(): Command {
  const profile = new Command('profile').description('the logins that are kept here');
  const list = withOutput(new Command('list'))
    .description('list them')
    .action(lazily(async () => (await import('./session/profile.ts')).list));
  const use = withOutput(new Command('use'))
    .description('make one the current one')
    .argument('[name]', 'name of a login')
    .action(lazily(async () => (await import('./session/profile.ts')).use));
  profile.addCommand(withExamples(list, ['profile list']));
  profile.addCommand(withExamples(use, ['profile use production']));
  return profile;
}
