/** What a run of `bun test` came to. */
export type TestSummary = { passed: number; failed: number; skipped: number };

const CLOSING_LINE = /^Ran \d+ tests? across \d+ files?\./;
/** In the same block, but not about what ran: assertions, and what `-t` left out. */
const OTHER_LINE = /^\s+\d+ (expect\(\) calls|filtered out)$/;
const COUNT_LINE = /^\s+(\d+) (pass|fail|skip|todo|error)s?$/;
// The escape character is spelled out: linters reject control characters in patterns, and rightly.
const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

/**
 * Reads the block of counts right above Bun's closing line. Only the last such block counts: a test may print
 * anything before it, another run's summary included.
 */
function readCounts(output: string): Map<string, number> {
  const lines = output.replaceAll(COLOURS, '').split('\n');
  const closing = lines.findLastIndex((line) => CLOSING_LINE.test(line));
  const counts = new Map<string, number>();
  for (let index = closing - 1; index >= 0; index -= 1) {
    const line = lines[index] ?? '';
    if (OTHER_LINE.test(line)) continue;
    const [, count, kind] = COUNT_LINE.exec(line) ?? [];
    if (count === undefined || kind === undefined) break;
    counts.set(kind, Number(count));
  }
  return counts;
}

/**
 * Sums up a run from its console output and its exit code. The exit code has the last word: files that fail to
 * load and workers that crash are not in every total. A run in which nothing ran has failed: it tested nothing.
 */
export function summarise(output: string, exitCode: number): TestSummary {
  const counts = readCounts(output);
  const passed = counts.get('pass') ?? 0;
  const skipped = (counts.get('skip') ?? 0) + (counts.get('todo') ?? 0);
  // A file that does not load is one error and, in most forms of the output, one failure too.
  const reported = Math.max(counts.get('fail') ?? 0, counts.get('error') ?? 0);
  const isBad = exitCode !== 0 || passed + skipped + reported === 0;
  return { passed, failed: isBad ? Math.max(1, reported) : reported, skipped };
}

/** The one closing line of a run. */
export function toSummaryLine({ passed, failed, skipped }: TestSummary): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
