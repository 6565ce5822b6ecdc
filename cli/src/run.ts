import { type Command, CommanderError } from 'commander';
import { MailError } from '@org/mail-sdk';
import { CommandError } from './command-error.ts';
import { EXIT, type ExitCode, exitCodeOfStatus } from './exit-code.ts';
import { red, toReasons } from './output.ts';

/** What a failed command says: one JSON object on standard error for programs, a sentence for people. */
type Failure = {
  code: string;
  message: string;
  exitCode: ExitCode;
  errors?: readonly { path: string; message: string }[];
};

/** Runs one command line to its exit code; nothing that goes wrong leaves it as an exception. */
export async function run(createProgram: () => Command, args: readonly string[]): Promise<ExitCode> {
  try {
    await createProgram().parseAsync([...args], { from: 'user' });
    return EXIT.done;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
    const failure = toFailure(error);
    const isJson = args.includes('--json') || process.stdout.isTTY !== true;
    process.stderr.write(`${isJson ? toJson(failure) : toText(failure)}\n`);
    return failure.exitCode;
  }
}

function toFailure(error: unknown): Failure {
  if (error instanceof CommandError)
    return { code: error.code, message: error.message, exitCode: error.exitCode };
  if (error instanceof MailError) {
    const { code, message, errors, status } = error;
    return { code, message, exitCode: exitCodeOfStatus(status), errors };
  }
  if (error instanceof CommanderError && error.code === 'commander.help') {
    return { code: 'usage', message: 'Name a command; --help lists them.', exitCode: EXIT.usage };
  }
  if (error instanceof CommanderError) {
    return { code: 'usage', message: error.message.replace(/^error: /, ''), exitCode: EXIT.usage };
  }
  if (isNamed(error, 'ConfigError'))
    return { code: 'invalid', message: error.message, exitCode: EXIT.validation };
  if (isNamed(error, 'DatabaseUnreachableError'))
    return { code: 'database_unreachable', message: error.message, exitCode: EXIT.server };
  if (isNamed(error, 'FolderInUseError')) {
    return { code: 'failed', message: `${error.message}; stop it first.`, exitCode: EXIT.failed };
  }
  if (isNamed(error, 'DevStartError') || isNamed(error, 'NoTemplateError')) {
    return { code: 'failed', message: error.message, exitCode: EXIT.failed };
  }
  return { code: 'failed', message: Bun.inspect(error), exitCode: EXIT.failed };
}

/** By name, because importing the server's classes would load the server for every command. */
function isNamed(error: unknown, name: string): error is Error {
  return error instanceof Error && error.name === name;
}

function toJson({ code, message, errors }: Failure): string {
  return JSON.stringify({ error: { code, message, ...(errors?.length ? { errors } : {}) } });
}

function toText({ message, errors = [] }: Failure): string {
  return `${red('error')} ${toReasons({ message, errors })}`;
}
