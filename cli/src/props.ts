import { CommandError } from './command-error.ts';
import { isRecord } from './record.ts';

/** JSON text begins with a brace, `-` is standard input, and anything else the name of a file. @throws CommandError `invalid` */
export async function readProps(source: string): Promise<Record<string, unknown>> {
  const text = source.trimStart().startsWith('{') ? source : await readSource(source, '--props');
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return value;
  } catch {
    // Falls through: not JSON and not an object are the same mistake to the person who made it.
  }
  throw new CommandError('invalid', '--props needs a JSON object such as {"name":"Ada"}.');
}

/** `@file` and `@-` stand for the content of a file and of standard input, `@@` for an at sign. */
export async function readContent(text: string | undefined, name: string): Promise<string | undefined> {
  if (text === undefined || !text.startsWith('@')) return text;
  return text.startsWith('@@') ? text.slice(1) : readSource(text.slice(1), name);
}

async function readSource(source: string, name: string): Promise<string> {
  if (source === '-') return Bun.stdin.text();
  const file = Bun.file(source);
  if (!(await file.exists())) throw new CommandError('invalid', `${name}: there is no file ${source}.`);
  return file.text();
}
