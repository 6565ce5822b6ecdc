/** What the process ends with; scripts rely on these, so they never change. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  notAuthenticated: 3,
  notFound: 4,
  validation: 5,
  limited: 6,
  server: 7,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What each exit code says, for help and documentation. */
export const EXIT_MEANINGS: readonly (readonly [ExitCode, string, string])[] = [
  [EXIT.done, 'done', 'it worked'],
  [EXIT.failed, 'failed', 'it was tried and did not work, or a check found something'],
  [EXIT.usage, 'usage', 'the command line is wrong: an unknown command or option, or something is missing'],
  [EXIT.notAuthenticated, 'not authenticated', 'no key, a wrong key, or a key that may not do this'],
  [EXIT.notFound, 'not found', 'no such message, template, client, file or folder'],
  [EXIT.validation, 'validation', 'what was given is not acceptable: props, addresses, templates, states'],
  [EXIT.limited, 'limited', 'a rate limit or quota is used up; the error says how long to wait'],
  [EXIT.server, 'server or network', 'no answer, or one that says the service itself is in trouble'],
  [EXIT.interrupted, 'interrupted', 'ended by Ctrl-C, in a question or at work'],
];

const BY_STATUS: Readonly<Record<number, ExitCode>> = {
  400: EXIT.validation,
  401: EXIT.notAuthenticated,
  403: EXIT.notAuthenticated,
  404: EXIT.notFound,
  405: EXIT.notFound,
  409: EXIT.validation,
  413: EXIT.validation,
  415: EXIT.validation,
  422: EXIT.validation,
  429: EXIT.limited,
};

/** Errors of the way to the service: they have no status. */
const BY_CODE: Readonly<Record<string, ExitCode>> = {
  not_configured: EXIT.notAuthenticated,
  invalid_argument: EXIT.usage,
  message_ended: EXIT.failed,
  wait_timeout: EXIT.failed,
  aborted: EXIT.interrupted,
  not_found: EXIT.notFound,
};

/** The exit code for an answer of the service; a null status stands for no answer at all. */
export function exitCodeOfAnswer({ status, code }: { status: number | null; code: string }): ExitCode {
  if (status === null) return BY_CODE[code] ?? EXIT.server;
  if (status >= 500) return EXIT.server;
  return BY_STATUS[status] ?? EXIT.failed;
}
