/** What is thrown when only React knows for certain what it would write. */
const UNSURE: unique symbol = Symbol('unsure');

let isUnsure = false;

/** Gives the mail up for our own writer. A template may catch what is thrown, hence the note of it. */
export function unsure(): never {
  isUnsure = true;
  // oxlint-disable-next-line no-throw-literal
  throw UNSURE;
}

/** Notes it without a throw, for what is only known to be wrong after the fact. */
export function noteUnsure(): void {
  isUnsure = true;
}

/** Whether anything was given up since the last call. */
export function takeUnsure(): boolean {
  const taken = isUnsure;
  isUnsure = false;
  return taken;
}
