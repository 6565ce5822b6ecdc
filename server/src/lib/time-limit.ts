/**
 * The work's own outcome, or a rejection once it took longer. The work itself goes on: it cannot be taken back.
 *
 * @throws Error after `ms`
 */
export async function rejectAfter<T>(ms: number, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${ms} ms`)), ms);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits for the work's end, good or bad, but no longer than `ms`; true where it ended. */
export async function settlesWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  const late = Promise.withResolvers<false>();
  const timer = setTimeout(() => late.resolve(false), ms);
  const settled = async () => {
    await Promise.allSettled([work]);
    return true;
  };
  try {
    return await Promise.race([settled(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
