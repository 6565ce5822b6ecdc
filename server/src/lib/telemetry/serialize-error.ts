import { maskText } from './mask-text.ts';

/** What is logged of an error. */
export type LoggedError = {
  type: string;
  message: string;
  code?: string;
  constraint?: string;
  stack?: string;
};

/**
 * Makes an error fit for the log. A database error's own text may hold every value of its statement (mail, addresses, hashes
 * of secrets), so of those only the statement with its placeholders, the code and the constraint are told.
 */
export function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const database = findDatabaseError(error);
  const message = maskText(database ? describeStatement(error) : error.message);
  const code = textOf(database ?? error, 'code');
  const constraint = database && (textOf(database, 'constraint') ?? textOf(database, 'constraint_name'));
  const logged: LoggedError = { type: error.name, message, stack: stackWithoutMessage(error) };
  if (code) logged.code = code;
  if (constraint) logged.constraint = constraint;
  return logged;
}

/** Drizzle wraps the driver's error; both drivers' carry PostgreSQL's severity. */
function findDatabaseError(error: Error): Error | null {
  if ('query' in error && error.cause instanceof Error) return error.cause;
  if ('query' in error || 'severity' in error) return error;
  return null;
}

function describeStatement(error: Error): string {
  const statement = textOf(error, 'query');
  return statement ? `failed statement: ${statement}` : 'the database refused a statement';
}

/** The first line or lines of a stack repeat the message. */
function stackWithoutMessage({ stack = '' }: Error): string {
  return stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n');
}

function textOf(holder: object, key: string): string | undefined {
  const value: unknown = Object.entries(Object.getOwnPropertyDescriptors(holder)).find(
    ([name]) => name === key,
  )?.[1].value;
  return typeof value === 'string' ? value : undefined;
}
