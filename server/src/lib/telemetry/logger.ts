import pino from 'pino';
import { createLogSampler } from './log-sampler.ts';
import { maskText } from './mask-text.ts';
import { CENSOR, redactFacts, SECRET_KEYS } from './redact.ts';
import { serializeError } from './serialize-error.ts';

export type Logger = pino.Logger;

export type LoggerOptions = {
  level: string;
  /** Alike lines below "error" that are written in a second, of more every hundredth; 0, the default, writes all. */
  burst?: number;
  /** Where lines go; standard error by default, so that stdout stays free for a command's answer. */
  destination?: { write(line: string): void } | undefined;
  /** In ms, monotonic. */
  now?: () => number;
};

/** What others said, in their own words: a server that refuses a mail quotes the address that it was for. */
const FOREIGN_TEXTS = ['reason', 'note', 'problem'];

/**
 * Creates the process's logger. Every line is one JSON object with `time` (ISO 8601), `level` (name) and `msg`;
 * a line about a request carries `request_id` and `trace_id`, one about a message `message_id` and `trace_id`.
 */
export function createLogger({
  level,
  burst = 0,
  destination,
  now = () => performance.now(),
}: LoggerOptions): Logger {
  const options: pino.LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }), log: (facts) => redactFacts(facts) },
    serializers: {
      // For what is bound to a child, which the formatter does not see.
      ...Object.fromEntries(Array.from(SECRET_KEYS, (key) => [key, () => CENSOR])),
      err: serializeError,
      ...Object.fromEntries(FOREIGN_TEXTS.map((key) => [key, maskForeign])),
    },
    hooks: { logMethod: createSampling(burst, now) },
  };
  return pino(options, destination ?? pino.destination({ dest: 2, sync: true }));
}

/** Where the lines of a service go that a person watches: coloured at a terminal; elsewhere where they go by default. */
export async function openDestination(isForPeople: boolean): Promise<LoggerOptions['destination']> {
  return isForPeople ? (await import('./terminal-lines.ts')).createTerminalLines() : undefined;
}

function maskForeign(value: unknown): unknown {
  return typeof value === 'string' ? maskText(value) : value;
}

const ERROR_LEVEL = 50;

type LogMethod = NonNullable<NonNullable<pino.LoggerOptions['hooks']>['logMethod']>;

/** Alike are lines of one level and text that tell of the same status: however many were sent, the one that failed is written. */
function createSampling(burst: number, now: () => number): LogMethod {
  const sampler = createLogSampler({ burst, now });
  return function sample(args, method, level) {
    const [facts, message] = args;
    if (burst === 0 || level >= ERROR_LEVEL || typeof facts !== 'object' || facts === null)
      return method.apply(this, args);
    const status = 'status' in facts ? String(facts.status) : '';
    const leftOut = sampler.take(`${level} ${String(message)} ${status}`);
    if (leftOut === null) return;
    if (leftOut === 0) return method.apply(this, args);
    return method.apply(this, [{ ...facts, left_out: leftOut }, message]);
  };
}
