import { type AnswerInfo, answerOf } from './answer.ts';
import { MailError } from './mail-error.ts';

/** How a call ended, for those who would rather look than catch. `answer` is null where nothing was answered. */
export type Result<T> =
  | { data: T; error: null; answer: AnswerInfo | null }
  | { data: null; error: MailError; answer: AnswerInfo | null };

/** The same calls, resolving with a {@link Result} where they would reject. */
export type Safe<T> = {
  readonly [Key in keyof T]: T[Key] extends (...args: infer Args) => Promise<infer Data>
    ? (...args: Args) => Promise<Result<Data>>
    : T[Key] extends (...args: never[]) => unknown
      ? T[Key]
      : Safe<T[Key]>;
};

/**
 * Wraps every call of an object and of the objects in it. What is no MailError is a mistake in a program and still thrown.
 *
 * @internal
 */
export function toSafe<T extends object>(calls: T): Safe<T> {
  const entries = Object.entries(calls).map(([name, member]: [string, unknown]) => [name, wrap(member)]);
  // Built name by name, which no mapped type can follow.
  return Object.fromEntries(entries) as Safe<T>;
}

function wrap(member: unknown): unknown {
  if (typeof member === 'object' && member !== null) return toSafe(member);
  if (typeof member !== 'function') return member;
  return (...args: unknown[]) => {
    let result: unknown;
    try {
      result = Reflect.apply(member, undefined, args);
    } catch (error) {
      // What throws before it has a promise to reject.
      return settle(Promise.reject(error));
    }
    return result instanceof Promise ? settle(result) : result;
  };
}

async function settle(call: Promise<unknown>): Promise<Result<unknown>> {
  try {
    const data = await call;
    return { data, error: null, answer: answerOf(data) };
  } catch (error) {
    if (!(error instanceof MailError)) throw error;
    return { data: null, error, answer: error.answer };
  }
}
