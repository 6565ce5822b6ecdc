import { Command } from 'commander';
import { TYPES_FILE } from '../environment.ts';
import { withExamples } from '../examples.ts';
import { lazily } from '../lazily.ts';
import { withConfirmation, withConnection, withOutput } from '../options.ts';

/** `mailctl template ...` */
export function templateCommand(): Command {
  const template = new Command('template').description('write, push and look after templates');
  const commands = [
    newCommand(),
    listCommand(),
    pushCommand(),
    pullCommand(),
    diffCommand(),
    renderCommand(),
    lintCommand(),
    typesCommand(),
    versionsCommand(),
    rollbackCommand(),
    deleteCommand(),
  ];
  for (const command of commands) template.addCommand(command);
  return template;
}

function newCommand(): Command {
  const command = withOutput(new Command('new'))
    .description('begin a template')
    .argument('[name]', 'its name, such as "password-reset"')
    .option('--dir <folder>', 'where templates are kept', 'templates')
    .action(lazily(async () => (await import('./template/new.ts')).createTemplate));
  return withExamples(command, ['template new password-reset', 'template new invoice --dir mails']);
}

function listCommand(): Command {
  const command = withConnection(new Command('list'))
    .description('list the templates this key can use')
    .action(lazily(async () => (await import('./template/list.ts')).list));
  return withExamples(command, ['template list', "template list --json | jq -r '.data[].name'"]);
}

function pushCommand(): Command {
  const command = withConnection(new Command('push'))
    .description('push templates: what changed is compiled here first, and then becomes a new version')
    .argument(
      '[paths...]',
      'folders of templates, folders of one template, or .tsx files (default: templates)',
    )
    .option('--dry-run', 'say what would be pushed, and push nothing')
    .option('--check', 'the same, and end with 1 where something would change, or does not compile')
    .option('--atomic', 'all or nothing: should one fail, those that were pushed are taken back')
    .option('--concurrency <number>', 'how many at once', '4')
    .action(lazily(async () => (await import('./template/push.ts')).push));
  return withExamples(command, [
    'template push',
    'template push templates/welcome templates/receipt',
    'template push --atomic --json',
    'template push --check',
  ]);
}

function pullCommand(): Command {
  const command = withConfirmation(withConnection(new Command('pull')))
    .description('bring the sources of live templates back')
    .argument('[names...]', 'names, or pinned "welcome@3" (default: all)')
    .option('--dir <folder>', 'where they go', 'templates')
    .action(lazily(async () => (await import('./template/pull.ts')).pull));
  return withExamples(command, ['template pull', 'template pull welcome@3 --dir old']);
}

function diffCommand(): Command {
  const command = withConnection(new Command('diff'))
    .description('compare templates here with what is live: their sources, and what they render')
    .argument('[paths...]', 'as for push (default: templates)')
    .option('--sources', 'compare sources only')
    .option('--exit-code', 'end with 1 where something differs')
    .action(lazily(async () => (await import('./template/diff.ts')).diff));
  return withExamples(command, [
    'template diff',
    'template diff templates/welcome',
    'template diff --sources --exit-code',
  ]);
}

function renderCommand(): Command {
  const command = withConnection(new Command('render'))
    .description('render without sending: a template on disk with the engine here, a live one by the service')
    .argument(
      '<template>',
      'a path such as templates/welcome, or the name of a live one, "welcome" or "welcome@3"',
    )
    .option(
      '--props <json>',
      "props: JSON text, a file, or - for standard input (default: the template's PreviewProps)",
    )
    .option('--locale <tag>', "the reader's language, such as de-AT")
    .option('--html', 'print the HTML alone, as it is')
    .option('--text', 'print the plain text alone, as it is')
    .option('--out <folder>', 'write subject.txt, index.html and index.txt there')
    .action(lazily(async () => (await import('./template/render.ts')).render));
  return withExamples(command, [
    'template render templates/welcome --html > welcome.html',
    'template render welcome@3 --props \'{"name":"Ada"}\'',
    'template render templates/receipt --props order.json --locale de --out out',
  ]);
}

function lintCommand(): Command {
  const command = withOutput(new Command('lint'))
    .description('compile and render here, and tell what mail clients would break')
    .argument('[paths...]', 'as for push (default: templates)')
    .option('--strict', 'end with 1 where there are warnings')
    .action(lazily(async () => (await import('./template/lint.ts')).lint));
  return withExamples(command, ['template lint', 'template lint templates/welcome --strict']);
}

function typesCommand(): Command {
  const command = withConnection(new Command('types'))
    .description('write a declaration, with which the SDK completes template names and checks props')
    .argument('[paths...]', 'as for push (default: templates)')
    .option('--live', 'from the live templates instead of those on disk')
    .option('--out <file>', 'where to write it; - prints it', TYPES_FILE)
    .option('--check', 'write nothing, and end with 1 where the file is not up to date')
    .action(lazily(async () => (await import('./template/types.ts')).writeTypes));
  return withExamples(command, [
    'template types',
    'template types --live --out src/mail-templates.d.ts',
    'template types --check',
  ]);
}

function versionsCommand(): Command {
  const command = withConnection(new Command('versions'))
    .description('list the versions of a template, newest first')
    .argument('<name>', 'name of a template')
    .option('--limit <number>', 'how many', '20')
    .action(lazily(async () => (await import('./template/list.ts')).versions));
  return withExamples(command, ['template versions welcome']);
}

function rollbackCommand(): Command {
  const command = withConnection(new Command('rollback'))
    .description('make an earlier version the current one')
    .argument('<name>', 'name of a template')
    .argument('[version]', 'which one (default: the one before the current)')
    .action(lazily(async () => (await import('./template/rollback.ts')).rollBack));
  return withExamples(command, ['template rollback welcome', 'template rollback welcome 3']);
}

function deleteCommand(): Command {
  const command = withConfirmation(withConnection(new Command('delete')))
    .description('delete templates with all their versions')
    .argument('<names...>', 'names of templates')
    .action(lazily(async () => (await import('./template/delete.ts')).deleteTemplates));
  return withExamples(command, ['template delete old-welcome --yes']);
}
