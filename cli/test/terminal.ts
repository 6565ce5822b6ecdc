import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { waitFor } from '../../server/test/support/wait-for.ts';
import { cleanEnvironment, type RunOptions } from './mailctl.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** A program as a person runs it: in a terminal of its own, where Ctrl-C is a signal and answers have colours. */
export type TerminalSession = {
  /** Everything that was shown so far, as it came. */
  raw(): string;
  /** The same without colours and cursor movements. */
  text(): string;
  /** Resolves when the text has been shown. */
  shows(text: string): Promise<void>;
  type(keys: string): void;
  /** Resolves with the exit code. */
  ended(): Promise<number>;
  kill(): void;
};

export const CTRL_C = '\u0003';
export const ENTER = '\r';

export type TerminalOptions = RunOptions & { columns?: number };

/** Starts mailctl in a terminal of this many columns. */
export function openTerminal(args: readonly string[], options: TerminalOptions = {}): TerminalSession {
  return openProgram([process.execPath, MAIN, ...args], options);
}

/** The same with any program. */
export function openProgram(
  command: readonly string[],
  { env = {}, cwd, columns = 100 }: TerminalOptions = {},
): TerminalSession {
  const decoder = new TextDecoder();
  let shown = '';
  const child = Bun.spawn([...command], {
    env: { ...cleanEnvironment(), TERM: 'xterm-256color', ...env },
    ...(cwd === undefined ? {} : { cwd }),
    terminal: {
      cols: columns,
      rows: 40,
      data(_terminal, data) {
        shown += decoder.decode(data, { stream: true });
      },
    },
  });
  const text = () => stripVTControlCharacters(shown);
  return {
    raw: () => shown,
    text,
    async shows(wanted) {
      let looksAfterEnd = 0;
      await waitFor(`"${wanted}" to be shown`, () => {
        if (text().includes(wanted)) return true;
        // What was written last may come after the end was noticed.
        if (child.exitCode !== null && (looksAfterEnd += 1) > 100)
          throw new Error(`it ended with ${child.exitCode} and showed: ${text()}`);
        return null;
      });
    },
    type: (keys) => void child.terminal?.write(keys),
    ended: () => child.exited,
    kill: () => child.kill('SIGKILL'),
  };
}
