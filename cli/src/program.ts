import { Command } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { adminCommand } from './commands/admin.ts';
import { clientCommand } from './commands/client.ts';
import { deadLetterCommand } from './commands/dead-letter.ts';
import { devCommand } from './commands/dev.ts';
import { doctorCommand } from './commands/doctor.ts';
import { initCommand } from './commands/init.ts';
import { keyCommand } from './commands/key.ts';
import { messageCommand } from './commands/message.ts';
import { migrateCommand } from './commands/migrate.ts';
import { previewCommand } from './commands/preview.ts';
import { providerCommand } from './commands/provider.ts';
import { queueCommand } from './commands/queue.ts';
import { recipientCommand } from './commands/recipient.ts';
import { commandsCommand, completeCommand, completionCommand } from './commands/reflect.ts';
import { sendCommand } from './commands/send.ts';
import { loginCommand, logoutCommand, profileCommand, whoamiCommand } from './commands/session.ts';
import { statsCommand } from './commands/stats.ts';
import { suppressionCommand } from './commands/suppression.ts';
import { templateCommand } from './commands/template.ts';
import { webhookCommand } from './commands/webhook.ts';
import { programName } from './environment.ts';
import { EXIT_MEANINGS } from './exit-code.ts';
import { layOutHelp } from './help.ts';

const HELP = `
Answers are JSON wherever standard output is no terminal, or with --json; an error is one JSON object on standard error.
Which service, and as whom: --url, --api-key or --profile; then MAIL_BASE_URL, MAIL_API_KEY or MAILCTL_PROFILE; then the one
that "mailctl dev" runs in this folder; then the last "mailctl login". A kept key goes only to the URL it was kept for.

Exit codes: ${EXIT_MEANINGS.map(([code, name]) => `${code} ${name}`).join(', ')}`;

const GROUPS: readonly (readonly [string, () => readonly Command[]])[] = [
  [
    'Begin:',
    () => [
      initCommand(),
      devCommand(),
      previewCommand(),
      loginCommand(),
      logoutCommand(),
      whoamiCommand(),
      profileCommand(),
      doctorCommand(),
    ],
  ],
  [
    'Send:',
    () => [
      sendCommand(),
      templateCommand(),
      messageCommand(),
      statsCommand(),
      suppressionCommand(),
      recipientCommand(),
      webhookCommand(),
    ],
  ],
  [
    'Operate:',
    () => [
      clientCommand(),
      keyCommand(),
      deadLetterCommand(),
      providerCommand(),
      queueCommand(),
      migrateCommand(),
      adminCommand(),
    ],
  ],
];

/** The whole tree of commands; each loads what it needs when it runs. */
export function createProgram(): Command {
  const program = new Command()
    .name('mailctl')
    .usage('<command>')
    .description('Send mail, look after templates, run the service')
    .version(manifest.version)
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .addHelpText('after', HELP.replaceAll('"mailctl', `"${programName()}`));
  for (const [title, create] of GROUPS) {
    program.commandsGroup(title);
    for (const command of create()) program.addCommand(command);
  }
  program.commandsGroup('Scripts and shells:');
  const root = () => program;
  program.addCommand(completionCommand());
  program.addCommand(commandsCommand(root));
  program.addCommand(completeCommand(root), { hidden: true });
  settle(program);
  return program;
}

/** What holds for every command of the tree. */
function settle(command: Command): void {
  layOutHelp(command);
  // Commander ends the process and prints errors by itself otherwise, and a program's JSON would never come.
  command.exitOverride();
  // A group without a subcommand shows its help to people; to a program the error alone is the answer.
  const help = process.stdout.isTTY ? {} : { writeErr: () => {} };
  command.configureOutput({ outputError: () => {}, ...help });
  for (const child of command.commands) settle(child);
}
