const POLL_MS = 4;
const LIMIT_MS = 60_000;

/**
 * Polls until the condition is met.
 *
 * @throws Error that names what was waited for, after a minute
 */
export async function waitFor(
  what: string,
  isMet: () => boolean | Promise<boolean>,
  { pollMs = POLL_MS }: { pollMs?: number } = {},
): Promise<void> {
  const endsAt = performance.now() + LIMIT_MS;
  while (!(await isMet())) {
    if (performance.now() > endsAt) throw new Error(`waited for ${what} in vain`);
    await Bun.sleep(pollMs);
  }
}
