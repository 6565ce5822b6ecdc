import { Argument, Command } from 'commander';
import { listCandidates } from '../completion.ts';
import { type Shell, SHELLS, toCompletionScript } from '../completion-script.ts';
import { toTree } from '../command-tree.ts';
import { withExamples } from '../examples.ts';
import { outputOf, type OutputFlags, withOutput } from '../options.ts';
import { dim } from '../output.ts';

/** `mailctl commands`: the whole tree, for scripts and agents. */
export function commandsCommand(root: () => Command): Command {
  const command = withOutput(new Command('commands'))
    .description('every command with its arguments and options')
    .action((flags: OutputFlags) => {
      const tree = toTree(root());
      outputOf(flags).answer(tree, () => toLines(tree, '').join('\n'));
    });
  return withExamples(command, ['commands', "commands --json | jq '.commands[].name'"]);
}

type Tree = ReturnType<typeof toTree>;

function toLines({ name, usage, description, commands }: Tree, before: string): string[] {
  const full = `${before}${name}`;
  const own = commands.length === 0 ? [`${full} ${dim(`${usage}  ${description}`)}`] : [];
  return [...own, ...commands.flatMap((child) => toLines(child, `${full} `))];
}

/** `mailctl completion` */
export function completionCommand(): Command {
  const command = withOutput(new Command('completion'))
    .description('the script that completes commands, options and names of templates in a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .action((shell: Shell) => void process.stdout.write(toCompletionScript(shell)));
  return withExamples(command, [
    'completion bash >> ~/.bashrc',
    'completion zsh > ~/.zfunc/_mailctl',
    'completion fish > ~/.config/fish/completions/mailctl.fish',
  ]);
}

/** What the scripts call: candidates for the last of these words, each a line with what to say about it. Never an error: a shell would show it. */
export function completeCommand(root: () => Command): Command {
  return new Command('__complete')
    .argument('[words...]')
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (words: string[]) => {
      const candidates = await listCandidates(root(), words).catch(() => []);
      process.stdout.write(candidates.map(({ word, about }) => `${word}\t${about}\n`).join(''));
    });
}
