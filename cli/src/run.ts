import { type Command, CommanderError } from 'commander';
import { CommandError } from './command-error.ts';
import { programName, wantsDetails } from './environment.ts';
import { EXIT, type ExitCode, exitCodeOfAnswer } from './exit-code.ts';
import { endWithoutReader, startInterruptions } from './interruption.ts';
import { dim, red, toReasons } from './output.ts';

/** What a failed command says: one JSON object on standard error for programs, a sentence for people. */
type Failure = {
  code: string;
  message: string;
  exitCode: ExitCode;
  /** What to do next. */
  hint?: string | null;
  errors?: readonly { path: string; message: string }[];
  requestId?: string | null;
};

/** Runs one command line to its exit code; nothing that goes wrong leaves it as an exception. */
export async function run(createProgram: () => Command, args: readonly string[]): Promise<ExitCode> {
  startInterruptions();
  endWithoutReader();
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
  if (error instanceof CommandError) {
    const { code, message, exitCode, hint } = error;
    return { code, message, exitCode, hint };
  }
  if (isMailError(error)) return toServiceFailure(error);
  if (error instanceof CommanderError && error.code === 'commander.help') {
    return { code: 'usage', message: 'Name a command; --help lists them.', exitCode: EXIT.usage };
  }
  if (error instanceof CommanderError) {
    return { code: 'usage', message: error.message.replace(/^error: /, ''), exitCode: EXIT.usage };
  }
  if (!(error instanceof Error)) return toUnexpected(Bun.inspect(error), '');
  return toKnownFailure(error) ?? toUnexpected(error.message, Bun.inspect(error));
}

/** What nobody has foreseen: a sentence, and for whoever wants to know, all of it. */
function toUnexpected(message: string, detail: string): Failure {
  const shown = wantsDetails() && detail !== '' ? detail : message;
  const hint = wantsDetails() ? null : 'MAILCTL_DEBUG=1 shows where it comes from.';
  return { code: 'failed', message: shown, exitCode: EXIT.failed, hint };
}

type MailErrorLike = Error & {
  code: string;
  status: number | null;
  requestId: string | null;
  errors: readonly { path: string; message: string }[];
};

/** By name, because importing the classes would load the client, or the server, for every command. */
function isMailError(error: unknown): error is MailErrorLike {
  return error instanceof Error && error.name === 'MailError' && 'code' in error && 'status' in error;
}

function toServiceFailure({ code, message, errors, status, requestId }: MailErrorLike): Failure {
  const exitCode = exitCodeOfAnswer({ status, code });
  // The service explains how to send a key, and here nobody sends one by hand.
  const told = code === 'unauthenticated' ? 'The service does not accept this key.' : message;
  return { code, message: told, exitCode, errors, hint: hintFor(code, status), requestId };
}

function hintFor(code: string, status: number | null): string | null {
  const name = programName();
  if (code === 'network_error' || code === 'timeout')
    return `Is it running, and is the URL right? "${name} doctor" looks closer; "${name} dev" starts one here.`;
  if (status === 401)
    return `It may be revoked, expired or another service's. "${name} whoami" says where it comes from, "${name} login" keeps another.`;
  if (status === 403) return `"${name} whoami" says which key is used, and what it may do.`;
  if (code === 'template_not_found') return `"${name} template list" shows those that this key can use.`;
  if (status !== null && status >= 500) return `"${name} doctor" looks closer.`;
  return null;
}

const KNOWN: Readonly<Record<string, (message: string) => Failure>> = {
  ConfigError: (message) => ({ code: 'invalid', message, exitCode: EXIT.validation }),
  DatabaseUnreachableError: (message) => ({ code: 'database_unreachable', message, exitCode: EXIT.server }),
  FolderInUseError: (message) => ({
    code: 'failed',
    message: `${message}; stop it first.`,
    exitCode: EXIT.failed,
  }),
  PreviewStartError: (message) => ({ code: 'failed', message, exitCode: EXIT.failed }),
  DevStartError: (message) => ({ code: 'failed', message, exitCode: EXIT.failed }),
  NoTemplateError: (message) => ({ code: 'not_found', message: `${message}.`, exitCode: EXIT.notFound }),
  InterruptedError: (message) => ({ code: 'interrupted', message, exitCode: EXIT.interrupted }),
};

function toKnownFailure({ name, message }: Error): Failure | undefined {
  return KNOWN[name]?.(message);
}

function toJson({ code, message, hint, errors, requestId }: Failure): string {
  return JSON.stringify({
    error: {
      code,
      message,
      ...(hint ? { hint } : {}),
      ...(errors?.length ? { errors } : {}),
      ...(requestId ? { requestId } : {}),
    },
  });
}

function toText({ message, errors = [], hint, requestId }: Failure): string {
  const lines = [`${red('error')} ${toReasons({ message, errors })}`];
  if (hint) lines.push(hint);
  if (requestId) lines.push(dim(`request ${requestId}`));
  return lines.join('\n');
}
