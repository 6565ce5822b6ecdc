import { RE2JS } from 're2js';

/** A regular expression whose cost is bounded by its size times the text's length. */
export type LinearPattern = {
  source: string;
  /** Finds the pattern anywhere in the text, as JSON Schema's `pattern` does. */
  test(text: string): boolean;
  /** An upper bound of the steps that testing this text takes. */
  costOf(text: string): number;
};

export type CompiledPattern = { ok: true; pattern: LinearPattern } | { ok: false; message: string };

const MAX_PATTERN_LENGTH = 1000;
const MAX_PROGRAM_SIZE = 5000;

/**
 * Compiles a pattern with RE2's automaton. A client's pattern on the host's backtracking engine could stall the API
 * for ever; what RE2 lacks for that reason (look-around, back-references) is refused when the template is pushed.
 */
export function compilePattern(source: string): CompiledPattern {
  if (source.length > MAX_PATTERN_LENGTH) {
    return { ok: false, message: `A pattern has more than ${MAX_PATTERN_LENGTH} characters` };
  }
  try {
    const compiled = RE2JS.compile(RE2JS.translateRegExp(source));
    const size = compiled.programSize();
    if (size > MAX_PROGRAM_SIZE) return { ok: false, message: `The pattern ${source} is too large` };
    return {
      ok: true,
      pattern: {
        source,
        test: (text) => compiled.matcher(text).find(),
        costOf: (text) => size * (text.length + 1),
      },
    };
  } catch (error) {
    const reason =
      error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : 'it is malformed';
    return { ok: false, message: `The pattern ${source} cannot be used: ${reason}` };
  }
}
