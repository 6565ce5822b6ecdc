/** Far beyond what any wait here takes on the slowest machine: only a broken promise runs into it. */
const GIVE_UP_MS = 60_000;
const ASK_EVERY_MS = 10;

/** Asks until there is an answer, for facts that nobody announces; throws by name where there never is one. */
export async function waitFor<T>(what: string, ask: () => Promise<T | null> | T | null): Promise<T> {
  const deadline = performance.now() + GIVE_UP_MS;
  while (performance.now() < deadline) {
    const answer = await ask();
    if (answer !== null) return answer;
    await Bun.sleep(ASK_EVERY_MS);
  }
  throw new Error(`waited ${GIVE_UP_MS} ms in vain for ${what}`);
}
