import { onInterrupt } from './interruption.ts';
import { cyan, dim, type Output } from './output.ts';

/** Says on standard error what is going on, so that a start of some seconds is no riddle. */
export type Progress = { show(text: string): void };

type Stream = Pick<typeof process.stderr, 'write' | 'isTTY'>;

/** A line a step: log lines of the server come in between, and would tear up a line that redraws itself. */
export function startProgress(stream: Stream = process.stderr): Progress {
  return {
    show(text) {
      stream.write(stream.isTTY ? `\u001B[2m${text} ...\u001B[22m\n` : `${text} ...\n`);
    },
  };
}

/** One line that redraws itself, for work that takes a while; it leaves nothing behind. */
export type Spinner = { show(text: string, done?: { count: number; total: number }): void; stop(): void };

const FRAMES = [
  '\u280B',
  '\u2819',
  '\u2839',
  '\u2838',
  '\u283C',
  '\u2834',
  '\u2826',
  '\u2827',
  '\u2807',
  '\u280F',
];
const FRAME_MS = 80;
const BAR_WIDTH = 20;
const CLEAR_LINE = '\r\u001B[2K';

/** Shown to people only: not for programs, not with --quiet, and not where standard error is no terminal. */
export function startSpinner({ isJson, isQuiet }: Output, stream: Stream = process.stderr): Spinner {
  if (isJson || isQuiet || stream.isTTY !== true) return { show() {}, stop() {} };
  let frame = 0;
  let line = '';
  const draw = (): void => {
    if (line !== '') stream.write(`${CLEAR_LINE}${cyan(FRAMES[frame % FRAMES.length] ?? '')} ${line}`);
    frame += 1;
  };
  const timer = setInterval(draw, FRAME_MS);
  const clear = (): void => void stream.write(CLEAR_LINE);
  const forget = onInterrupt(clear);
  return {
    show(text, done) {
      line = done ? `${toBar(done)} ${done.count}/${done.total}  ${text}` : `${text} ...`;
      draw();
    },
    stop() {
      clearInterval(timer);
      forget();
      clear();
    },
  };
}

function toBar({ count, total }: { count: number; total: number }): string {
  const full = total === 0 ? BAR_WIDTH : Math.round((count / total) * BAR_WIDTH);
  return '\u2588'.repeat(full) + dim('\u2591'.repeat(BAR_WIDTH - full));
}

/** Does work while a spinner turns. */
export async function withSpinner<T>(
  output: Output,
  text: string,
  work: (spinner: Spinner) => Promise<T>,
): Promise<T> {
  const spinner = startSpinner(output);
  spinner.show(text);
  try {
    return await work(spinner);
  } finally {
    spinner.stop();
  }
}
