import pino from 'pino';
import pretty from 'pino-pretty';
import { serializeError } from './serialize-error.ts';

export type Logger = pino.Logger;

export type LoggerOptions = {
  level: string;
  /** Coloured single lines for a person at a terminal instead of JSON. */
  isPretty?: boolean;
  /** Where lines go; standard error by default, so that stdout stays free for a command's answer. */
  destination?: { write(line: string): void };
};

/**
 * Keys whose values never reach a log line, at the top level or one level down. Message content (props,
 * html, text) is somebody's private mail, so it is treated like a secret.
 */
const SECRET_KEYS = [
  'apiKey',
  'authorization',
  'databaseUrl',
  'html',
  'pass',
  'password',
  'props',
  'redisUrl',
  'secret',
  'text',
  'token',
];

const REDACTED_PATHS = SECRET_KEYS.flatMap((key) => [key, `*.${key}`]);

/**
 * Creates the process's logger. Every line is one JSON object with `time` (ISO 8601), `level` (name) and `msg`;
 * bind `trace_id` with `logger.child({ trace_id })`.
 */
export function createLogger({ level, isPretty = false, destination }: LoggerOptions): Logger {
  const options: pino.LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: REDACTED_PATHS, censor: '[redacted]' },
    serializers: { err: serializeError },
  };
  if (isPretty)
    return pino(
      options,
      pretty({ colorize: true, ignore: 'time', singleLine: true, sync: true, destination: 2 }),
    );
  return pino(options, destination ?? pino.destination({ dest: 2, sync: true }));
}
