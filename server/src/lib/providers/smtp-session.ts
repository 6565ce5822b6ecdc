import type { Readable } from 'node:stream';
import type { ConnectionOptions } from 'node:tls';
import type { NodemailerError } from 'nodemailer/lib/errors';
import SMTPConnection, {
  type SMTPConnectionSendInfo,
  type SMTPEnvelope,
} from 'nodemailer/lib/smtp-connection';

export type SmtpSessionOptions = {
  host: string;
  port: number;
  /** TLS from the first byte; otherwise STARTTLS is used where the server offers it. */
  isSecure: boolean;
  /** Fails instead of going on in plain text where the server offers no STARTTLS. */
  isTlsRequired: boolean;
  auth: { user: string; pass: string } | null;
  tls: ConnectionOptions;
  /** What EHLO says; null for the machine's own name. */
  clientName: string | null;
  connectTimeoutMs: number;
  greetingTimeoutMs: number;
  /** Silence after which a connection counts as lost. */
  socketTimeoutMs: number;
};

/** nodemailer writes what the server said about each recipient on the envelope that it is given. */
export type SessionEnvelope = SMTPEnvelope & { rejectedErrors?: NodemailerError[] };

/** One authenticated connection to a relay, with promises that settle whatever becomes of it. */
export type SmtpSession = {
  readonly isOpen: boolean;
  /** How many messages were begun on it. */
  readonly sentCount: number;
  /** Settles when the connection is gone, for whatever reason. */
  readonly ended: Promise<void>;
  /** Resolves with the server's final answer only. The body is first read after DATA was accepted. */
  send(envelope: SessionEnvelope, body: Readable): Promise<SMTPConnectionSendInfo>;
  /** Ends the transaction, so that the next message starts clean. */
  reset(): Promise<void>;
  /** Says goodbye and waits for the server, 2 seconds at most. */
  quit(): Promise<void>;
  /** Cuts the connection, mid-message too. */
  destroy(): void;
};

type Step<T> = (done: (error?: Error | null, value?: T) => void) => void;

const QUIT_TIMEOUT_MS = 2000;

/**
 * Connects, upgrades to TLS and signs in.
 *
 * @throws nodemailer's error where any of it fails, also where the signal ends it
 */
export async function openSmtpSession(
  options: SmtpSessionOptions,
  signal: AbortSignal,
): Promise<SmtpSession> {
  const connection = createConnection(options);
  const run = createRunner(connection);
  const abort = () => connection.close();
  signal.addEventListener('abort', abort, { once: true });
  try {
    signal.throwIfAborted();
    await run((done) => connection.connect(done));
    await signIn({ connection, run, auth: options.auth });
  } catch (error) {
    connection.close();
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
  return toSession(connection, run);
}

function createConnection(options: SmtpSessionOptions): SMTPConnection {
  return new SMTPConnection({
    host: options.host,
    port: options.port,
    secure: options.isSecure,
    requireTLS: options.isTlsRequired,
    tls: options.tls,
    ...(options.clientName === null ? {} : { name: options.clientName }),
    connectionTimeout: options.connectTimeoutMs,
    greetingTimeout: options.greetingTimeoutMs,
    socketTimeout: options.socketTimeoutMs,
    // close() is only ever a cut here (quit() waits for the server's goodbye): what is aborted must stop at once.
    socketCloseTimeout: 0,
  });
}

async function signIn({
  connection,
  run,
  auth,
}: {
  connection: SMTPConnection;
  run: Runner;
  auth: SmtpSessionOptions['auth'];
}): Promise<void> {
  if (auth === null) return;
  // Also the case where somebody on the way stripped STARTTLS: mail must not go out unauthenticated then.
  if (!connection.allowsAuth) throw new Error('the server offers no authentication');
  await run((done) => connection.login(auth, done));
}

type Runner = <T>(step: Step<T>) => Promise<T | undefined>;

/** nodemailer drops the callback of a step when the connection is closed under it, so every step races the end. */
function createRunner(connection: SMTPConnection): Runner {
  let lastError: unknown = null;
  connection.on('error', (error) => {
    lastError = error;
  });
  return <T>(step: Step<T>) =>
    new Promise<T | undefined>((resolve, reject) => {
      // One turn later: where the callback does come, it comes after `end` and knows more.
      const onEnd = () => setImmediate(() => reject(lastError ?? new Error('the connection was closed')));
      connection.once('end', onEnd);
      step((error, value) => {
        connection.off('end', onEnd);
        if (error) reject(error);
        else resolve(value);
      });
    });
}

function toSession(connection: SMTPConnection, run: Runner): SmtpSession {
  let sentCount = 0;
  const ended = new Promise<void>((resolve) => {
    if (connection.destroyed) resolve();
    else connection.once('end', resolve);
  });
  return {
    ended,
    get isOpen() {
      return !connection.destroyed;
    },
    get sentCount() {
      return sentCount;
    },
    async send(envelope, body) {
      sentCount += 1;
      const info = await run<SMTPConnectionSendInfo>((done) => connection.send(envelope, body, done));
      if (!info) throw new Error('the connection gave no result');
      return info;
    },
    async reset() {
      await run((done) => connection.reset(done));
    },
    async quit() {
      if (connection.destroyed) return;
      const timer = setTimeout(() => connection.close(), QUIT_TIMEOUT_MS);
      connection.quit();
      await ended;
      clearTimeout(timer);
    },
    destroy: () => connection.close(),
  };
}
