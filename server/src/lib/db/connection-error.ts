/** Of sockets, of postgres.js, and of PostgreSQL itself (class 08, shutting down, starting up, too many connections, demoted). */
const CONNECTION_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'CONNECTION_ENDED',
  'CONNECT_TIMEOUT',
  '57P01',
  '57P02',
  '57P03',
  '53300',
  '25006',
]);

/** The code of an error, or of what caused it. */
export function codeOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return codeOf(error.cause);
}

/** What a statement without an answer fails with here: the connection may be dead without anybody having said so. */
export class NoAnswerError extends Error {
  readonly code = 'ETIMEDOUT';

  constructor(ms: number) {
    super(`the database gave no answer within ${ms} ms`);
    this.name = 'NoAnswerError';
  }
}

const QUERY_CANCELED = '57014';

/** True where the database took longer than a statement may. */
export function isStatementTimeout(error: unknown): boolean {
  return codeOf(error) === QUERY_CANCELED;
}

const LOCK_NOT_AVAILABLE = '55P03';

/** True where somebody else held what was needed for longer than a statement may wait. */
export function isLockTimeout(error: unknown): boolean {
  return codeOf(error) === LOCK_NOT_AVAILABLE;
}

/** True where the database could not be reached, so that the same statement may succeed later. */
export function isConnectionError(error: unknown): boolean {
  const code = codeOf(error);
  return code !== null && (CONNECTION_CODES.has(code) || code.startsWith('08'));
}
