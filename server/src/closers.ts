export type Close = () => Promise<void>;

/** What has been opened so far, to be closed in the opposite order. */
export type Closers = {
  add(close: Close): void;
  /** Closes everything once; every caller waits for the same end. */
  closeAll(): Promise<void>;
};

export function createClosers(): Closers {
  const open: Close[] = [];
  let closing: Promise<void> | null = null;
  const closeInReverse = async () => {
    for (let close = open.pop(); close; close = open.pop()) await close();
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
