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

/** The exit code for an answer of the service; null stands for no answer at all. */
export function exitCodeOfStatus(status: number | null): ExitCode {
  if (status === null || status >= 500) return EXIT.server;
  if (status === 401 || status === 403) return EXIT.notAuthenticated;
  if (status === 404) return EXIT.notFound;
  if (status === 429) return EXIT.limited;
  if (status === 400 || status === 409 || status === 413 || status === 415 || status === 422)
    return EXIT.validation;
  return EXIT.failed;
}
