/** What is going on, on standard error: one line that changes on a terminal, a line each elsewhere. */
export type Progress = { show(text: string): void; done(): void };

const CLEAR_LINE = '\r\u001B[2K';

export function startProgress(stream: Pick<typeof process.stderr, 'write' | 'isTTY'> = process.stderr): Progress {
  let isShowing = false;
  return {
    show(text) {
      stream.write(stream.isTTY ? `${CLEAR_LINE}${text} ...` : `${text} ...\n`);
      isShowing = true;
    },
    done() {
      if (isShowing && stream.isTTY) stream.write(CLEAR_LINE);
      isShowing = false;
    },
  };
}
