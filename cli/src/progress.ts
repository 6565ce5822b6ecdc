/** Says on standard error what is going on, so that a start of some seconds is no riddle. */
export type Progress = { show(text: string): void };

/** A line a step: log lines of the server come in between, and would tear up a line that redraws itself. */
export function startProgress(
  stream: Pick<typeof process.stderr, 'write' | 'isTTY'> = process.stderr,
): Progress {
  return {
    show(text) {
      stream.write(stream.isTTY ? `\u001B[2m${text} ...\u001B[22m\n` : `${text} ...\n`);
    },
  };
}
