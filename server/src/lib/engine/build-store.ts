/** What a compiled template was made from and by. */
export type BuildKey = { contentHash: string; engineVersion: string };

/** Compiled code that outlives an instance's disk and is shared by all of them; the engine does not ask where it is. */
export type BuildStore = {
  /** The code, or null where it is missing or damaged. */
  read(key: BuildKey): Promise<string | null>;
  write(key: BuildKey, code: string): Promise<void>;
};
