import type { Db } from '../db/database.ts';

/** Keeps bytes that are larger than a row should carry, under keys of our own making. */
export type BlobStore = {
  /**
   * Keeps bytes durably: once it resolves they survive a crash. Writing a key again replaces what was there.
   *
   * @param tx the open transaction of the row that names the key; a store inside the database writes with it, others
   * write at once, before the row is committed
   */
  put(key: string, bytes: Uint8Array, tx: Db): Promise<void>;
  /** Null where there is nothing under the key. */
  get(key: string): Promise<Uint8Array | null>;
  /** Deleting what is not there is no error. */
  delete(keys: readonly string[]): Promise<void>;
  /** Keys that there are, page by page; what is deleted from a page meanwhile keeps none from the next. */
  list(range: BlobRange): AsyncIterable<readonly string[]>;
};

/** Keys that begin alike and, compared as text, come before another. */
export type BlobRange = {
  /** Ends with a slash. */
  prefix: string;
  below: string;
  /** Most keys of a page; some may have fewer, and some none. */
  limit: number;
};
