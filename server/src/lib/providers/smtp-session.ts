import type { ConnectionOptions } from 'node:tls';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import {
  parseOffer,
  type RefusedRecipient,
  resetDialog,
  sendEnvelope,
  sendMessage,
  type SmtpEnvelope,
  type SmtpOffer,
} from './smtp-dialog.ts';
import { createSmtpWire, SmtpError } from './smtp-wire.ts';

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

/** One authenticated connection to a relay, with promises that settle whatever becomes of it. */
export type SmtpSession = {
  readonly isOpen: boolean;
  /** How many messages were begun on it. */
  readonly sentCount: number;
  /** Settles when the connection is gone, for whatever reason. */
  readonly ended: Promise<void>;
  /** Resolves once the server asks for the message; adds what it said about each recipient that it refused. */
  begin(envelope: SmtpEnvelope, refused: RefusedRecipient[]): Promise<void>;
  /** Sends the message that the server asked for, and resolves with its final answer. */
  finish(mime: Uint8Array): Promise<string>;
  /** Ends the transaction, so that the next message starts clean. */
  reset(): Promise<void>;
  /** Says goodbye and waits for the server, 2 seconds at most. */
  quit(): Promise<void>;
  /** Cuts the connection, mid-message too. */
  destroy(): void;
};

type Step<T> = (done: (error?: Error | null, value?: T) => void) => void;

const QUIT_TIMEOUT_MS = 2000;

const CLOSED = 'Connection closed unexpectedly';

/**
 * Connects, upgrades to TLS and signs in, all with nodemailer; messages then go over its socket in a dialog of our own, which
 * needs two writes for one where nodemailer's streams need five or more.
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
    const offer = parseOffer(connection.lastServerResponse || '');
    await signIn({ connection, run, auth: options.auth });
    return toSession(connection, offer);
  } catch (error) {
    connection.close();
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
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

function toSession(connection: SMTPConnection, offer: SmtpOffer): SmtpSession {
  const socket = connection._socket;
  if (!socket || connection.destroyed) throw new SmtpError(CLOSED, 'ECONNECTION', 'CONN', '');
  let sentCount = 0;
  let loss: unknown = null;
  connection.on('error', (error) => {
    loss ??= error;
  });
  const ended = new Promise<void>((resolve) => connection.once('end', resolve));
  const cut = () => connection.close();
  const wire = createSmtpWire({
    socket,
    ended,
    onBroken(error) {
      loss ??= error;
      cut();
    },
  });
  const toLoss = () => (loss instanceof Error ? loss : new SmtpError(CLOSED, 'ECONNECTION', 'CONN', ''));
  const dialog = { wire, offer, toLoss, cut };
  return {
    ended,
    get isOpen() {
      return wire.isOpen;
    },
    get sentCount() {
      return sentCount;
    },
    begin(envelope, refused) {
      sentCount += 1;
      return sendEnvelope(dialog, envelope, refused);
    },
    finish: (mime) => sendMessage(dialog, mime),
    reset: () => resetDialog(dialog),
    async quit() {
      if (connection.destroyed) return;
      const timer = setTimeout(cut, QUIT_TIMEOUT_MS);
      await wire.exchange('QUIT\r\n', 1);
      clearTimeout(timer);
      cut();
    },
    destroy: cut,
  };
}
