/** What was asked of `./dev test`. */
export type TestArguments = {
  /** Files, or parts of their paths, and whatever else `bun test` understands. */
  passedOn: string[];
  /** Also the large forms: MAIL_TEST_FULL=1. */
  isFull: boolean;
  /** One JSON object as the very last line, after the plain one. */
  isJson: boolean;
};

/** Takes out what is the runner's own; the rest is for `bun test`. */
export function parseTestArguments(words: readonly string[]): TestArguments {
  const own = new Set(['--full', '--json']);
  return {
    passedOn: words.filter((word) => !own.has(word)),
    isFull: words.includes('--full'),
    isJson: words.includes('--json'),
  };
}
