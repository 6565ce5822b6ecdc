import { Command } from 'commander';
import { withChoice } from '../choice.ts';
import { withExamples } from '../examples.ts';
import { lazily } from '../lazily.ts';
import { withOutput } from '../options.ts';
import { NO_STARTER, STARTERS } from '../starters.ts';

/** `mailctl init` */
export function initCommand(): Command {
  const command = withOutput(new Command('init'))
    .description(
      'begin a project of templates in a new or existing folder; nothing that is there is overwritten',
    )
    .argument('[folder]', 'where (default: here)')
    .option('--dir <folder>', 'where templates are kept in it', 'templates')
    .action(lazily(async () => (await import('./init/init.ts')).init));
  const choices = [...STARTERS.map(({ name }) => name), NO_STARTER];
  withChoice(command, { flags: '--template <name...>', description: 'starters to begin with', choices });
  return withExamples(command, [
    'init',
    'init mails --template welcome receipt',
    'init . --template none --json',
  ]);
}
