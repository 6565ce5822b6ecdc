import { Command } from 'commander';
import type { SendInput } from '@org/mail-sdk';
import { CommandError } from '../command-error.ts';
import { programName } from '../environment.ts';
import { mailerOf, outputOf, type OutputFlags, withConnection } from '../options.ts';
import { green } from '../output.ts';
import type { ConnectionFlags } from '../environment.ts';

type SendFlags = ConnectionFlags &
  OutputFlags & {
    to: string[];
    cc?: string[];
    bcc?: string[];
    from?: string;
    subject?: string;
    props?: string;
    html?: string;
    text?: string;
  };

const EXAMPLES = `
Examples:
  $ mailctl send welcome --to ada@example.com --props '{"name":"Ada"}'
  $ mailctl send receipt@3 --to ada@example.com --props order.json
  $ mailctl send --to ada@example.com --subject Hello --text 'Hello Ada'`;

/** `mailctl send [template]` */
export function sendCommand(): Command {
  return withConnection(new Command('send'))
    .description('send one mail')
    .argument('[template]', 'name of a template, "welcome" or pinned "welcome@3"')
    .requiredOption('--to <address...>', 'who gets it')
    .option('--cc <address...>', 'who else gets it, for all to see')
    .option('--bcc <address...>', 'who else gets it, for nobody to see')
    .option('--from <address>', "the sender; the service's default otherwise")
    .option('--subject <text>', "the subject; the template's otherwise")
    .option('--props <json>', 'props of the template: JSON text, a file, or - for standard input')
    .option('--html <html>', 'HTML body, instead of a template')
    .option('--text <text>', 'plain text body, instead of a template')
    .addHelpText('after', EXAMPLES)
    .action(send);
}

async function send(template: string | undefined, flags: SendFlags): Promise<void> {
  const output = outputOf(flags);
  const { to, cc, bcc, from, subject, html, text } = flags;
  const props = flags.props === undefined ? undefined : await readProps(flags.props);
  const message = definedOnly({ to, cc, bcc, from, subject, template, props, html, text });
  const result = await mailerOf(flags).send(message);
  output.answer(result, () => {
    const next = `${programName()} message get ${result.messageId}`;
    return `${green(result.status)}  ${result.messageId}\nWhat became of it: ${next}`;
  });
}

/** JSON text begins with a brace; anything else is the name of a file. */
async function readProps(source: string): Promise<Record<string, unknown>> {
  const text = source.trimStart().startsWith('{') ? source : await readText(source);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Falls through: not JSON and not an object are the same mistake to the person who made it.
  }
  throw new CommandError('invalid', '--props needs a JSON object such as {"name":"Ada"}.');
}

async function readText(source: string): Promise<string> {
  if (source === '-') return Bun.stdin.text();
  const file = Bun.file(source);
  if (!(await file.exists())) throw new CommandError('invalid', `--props: there is no file ${source}.`);
  return file.text();
}

type Loose = { [K in keyof SendInput]?: SendInput[K] | undefined };

function definedOnly(message: Loose & Pick<SendInput, 'to'>): SendInput {
  const { to, ...rest } = message;
  return { to, ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)) };
}
