/** A map that forgets what was used longest ago once its values together exceed a number of bytes. */
export type ByteLru<Value> = {
  get(key: string): Value | undefined;
  set(key: string, value: Value): void;
  readonly bytes: number;
};

/** Creates the map. A value that is larger than `maxBytes` by itself is not kept. */
export function createByteLru<Value>({
  maxBytes,
  sizeOf,
}: {
  maxBytes: number;
  sizeOf: (value: Value) => number;
}): ByteLru<Value> {
  const entries = new Map<string, Value>();
  let bytes = 0;

  const remove = (key: string): void => {
    const value = entries.get(key);
    if (value === undefined || !entries.delete(key)) return;
    bytes -= sizeOf(value);
  };

  return {
    get bytes() {
      return bytes;
    },
    get(key) {
      const value = entries.get(key);
      if (value === undefined) return undefined;
      // a Map iterates in order of insertion: inserting again makes it the youngest
      entries.delete(key);
      entries.set(key, value);
      return value;
    },
    set(key, value) {
      remove(key);
      const size = sizeOf(value);
      if (size > maxBytes) return;
      entries.set(key, value);
      bytes += size;
      for (const oldest of entries.keys()) {
        if (bytes <= maxBytes) return;
        remove(oldest);
      }
    },
  };
}
