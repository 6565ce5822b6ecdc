import { EXIT, type ExitCode } from './exit-code.ts';

const EXIT_CODES = {
  failed: EXIT.failed,
  usage: EXIT.usage,
  not_authenticated: EXIT.notAuthenticated,
  not_found: EXIT.notFound,
  invalid: EXIT.validation,
} as const satisfies Record<string, ExitCode>;

export type CommandErrorCode = keyof typeof EXIT_CODES;

/** A command cannot go on, for a reason a person can act on. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;

  constructor(
    readonly code: CommandErrorCode,
    message: string,
  ) {
    super(message);
    this.name = 'CommandError';
    this.exitCode = EXIT_CODES[code];
  }
}
