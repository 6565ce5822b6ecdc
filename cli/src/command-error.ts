import { EXIT, type ExitCode } from './exit-code.ts';

const EXIT_CODES = {
  failed: EXIT.failed,
  usage: EXIT.usage,
  not_authenticated: EXIT.notAuthenticated,
  not_found: EXIT.notFound,
  template_not_found: EXIT.notFound,
  invalid: EXIT.validation,
  would_change: EXIT.failed,
  unreachable: EXIT.server,
  interrupted: EXIT.interrupted,
} as const satisfies Record<string, ExitCode>;

export type CommandErrorCode = keyof typeof EXIT_CODES;

/** A command cannot go on, for a reason a person can act on. `hint` says what to do next. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;

  constructor(
    readonly code: CommandErrorCode,
    message: string,
    readonly hint: string | null = null,
  ) {
    super(message);
    this.name = 'CommandError';
    this.exitCode = EXIT_CODES[code];
  }
}
