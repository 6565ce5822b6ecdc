import pretty from 'pino-pretty';

/** Where lines of a log go as coloured single lines for a person at a terminal. In a file of its own: only they load it. */
export function createTerminalLines(): { write(line: string): void } {
  return pretty({ colorize: true, ignore: 'time', singleLine: true, sync: true, destination: 2 });
}
