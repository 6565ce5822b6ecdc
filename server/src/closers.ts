export type Close = () => Promise<void>;

/** What has been opened so far, to be closed in the opposite order. */
export type Closers = {
  add(close: Close): void;
  /**
   * Closes everything once; every caller waits for the same end. What cannot be closed does not keep the rest open.
   *
   * @throws the first error, at the end
   */
  closeAll(): Promise<void>;
};

export function createClosers(): Closers {
  const open: Close[] = [];
  let closing: Promise<void> | null = null;
  const closeInReverse = async () => {
    const errors: unknown[] = [];
    for (let close = open.pop(); close; close = open.pop()) {
      try {
        await close();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  };
  return {
    add(close) {
      open.push(close);
    },
    closeAll() {
      closing ??= closeInReverse();
      return closing;
    },
  };
}
