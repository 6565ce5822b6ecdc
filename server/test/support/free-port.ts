import { randomInt } from 'node:crypto';

// Below the range that systems hand out to outgoing connections (32768 and up on Linux, 49152 on macOS), so that a
// server which is down for a moment in a test finds its port free again.
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;

function isFree(port: number): boolean {
  try {
    const listener = Bun.listen({ hostname: '127.0.0.1', port, socket: { data() {} } });
    listener.stop(true);
    return true;
  } catch {
    return false; // Taken: the caller draws another one.
  }
}

/**
 * A loopback TCP port that nothing listens on. Another process may still take it before its user does, so
 * whatever starts a server on it tries again with another one.
 */
export function findFreePort(): number {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = randomInt(FIRST_PORT, LAST_PORT);
    if (isFree(port)) return port;
  }
  throw new Error(`no free loopback port between ${FIRST_PORT} and ${LAST_PORT}`);
}
