import { Command } from 'commander';
import { withExamples } from '../examples.ts';
import { lazily } from '../lazily.ts';
import { withOutput } from '../options.ts';

/** `mailctl init` */
export function initCommand(): Command {
  const command = withOutput(new Command('init'))
    .description(
      'begin a project of templates in a new or existing folder; nothing that is there is overwritten',
    )
    .argument('[folder]', 'where (default: here)')
    .option(
      '--template <name...>',
      'starters to begin with: welcome, receipt, password-reset, digest; "none" for none',
    )
    .option('--dir <folder>', 'where templates are kept in it', 'templates')
    .action(lazily(async () => (await import('./init/init.ts')).init));
  return withExamples(command, [
    'init',
    'init mails --template welcome receipt',
    'init . --template none --json',
  ]);
}
