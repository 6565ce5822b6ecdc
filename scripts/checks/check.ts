/** What one check found. */
export type CheckOutcome = {
  isGood: boolean;
  /** A few words for the line of a good check: how much was looked at. */
  note?: string;
  /** What is wrong, shown on failure only. */
  output: string;
};

/** One line of `./dev check`. */
export type Check = { name: string; run(): Promise<CheckOutcome> };

/** An outcome from a list of complaints, one a line. */
export function toOutcome(complaints: readonly string[], note?: string): CheckOutcome {
  return { isGood: complaints.length === 0, output: complaints.join('\n'), ...(note ? { note } : {}) };
}
