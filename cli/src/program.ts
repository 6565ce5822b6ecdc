import { Command } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { adminCommand } from './commands/admin.ts';
import { devCommand } from './commands/dev.ts';
import { messageCommand } from './commands/message.ts';
import { migrateCommand } from './commands/migrate.ts';
import { sendCommand } from './commands/send.ts';
import { templateCommand } from './commands/template.ts';
import { programName } from './environment.ts';

const HELP = `
Answers are JSON wherever standard output is no terminal, or with --json.
Which service: --url, MAIL_BASE_URL, or the one that "mailctl dev" runs in this folder. The key: --api-key or MAIL_API_KEY likewise.

Exit codes: 0 done, 1 failed, 2 usage, 3 not authenticated, 4 not found, 5 validation, 6 limited, 7 server or network,
130 interrupted`;

/** The whole tree of commands; each loads what it needs when it runs. */
export function createProgram(): Command {
  const program = new Command()
    .name('mailctl')
    .usage('<command>')
    .description('Send mail, look after templates, run the service')
    .version(manifest.version)
    .showSuggestionAfterError()
    .addHelpText('after', HELP.replaceAll('"mailctl', `"${programName()}`));
  const commands = [
    devCommand(),
    sendCommand(),
    templateCommand(),
    messageCommand(),
    migrateCommand(),
    adminCommand(),
  ];
  for (const command of commands) program.addCommand(command);
  throwInsteadOfExiting(program);
  return program;
}

/** Commander ends the process and prints errors by itself otherwise, and a program's JSON would never come. */
function throwInsteadOfExiting(command: Command): void {
  command.exitOverride();
  // A group without a subcommand shows its help to people; to a program the error alone is the answer.
  const help = process.stdout.isTTY ? {} : { writeErr: () => {} };
  command.configureOutput({ outputError: () => {}, ...help });
  for (const child of command.commands) throwInsteadOfExiting(child);
}
