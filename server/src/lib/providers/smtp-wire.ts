import type { Socket } from 'node:net';
import { createReplyReader } from './smtp-reply.ts';

/** What became of a conversation with a relay that its caller cannot go on with; `toFailure` sorts it. */
export class SmtpError extends Error {
  constructor(
    message: string,
    /** As nodemailer names what fails while it connects, so that both are sorted alike. */
    readonly code: 'EENVELOPE' | 'EMESSAGE' | 'EPROTOCOL' | 'ECONNECTION',
    readonly command: string,
    /** The server's own words; empty where it said nothing. */
    readonly response: string,
  ) {
    super(response === '' ? message : `${message}: ${response}`);
    this.name = 'SmtpError';
  }
}

export type SmtpWireOptions = {
  socket: Socket;
  /** Fires when the connection is gone. */
  ended: Promise<unknown>;
  /** Cuts the connection because of what came over it. */
  onBroken: (error: SmtpError) => void;
};

/** Commands and their replies on a connection that is signed in; one exchange at a time. */
export type SmtpWire = {
  /** False also where the server has closed its side and the rest is only a matter of time. */
  readonly isOpen: boolean;
  /** Whether all that was written has left this process. */
  readonly isFlushed: boolean;
  /** Writes and resolves with so many replies, or with those that had come when the connection ended. */
  exchange(bytes: string | Uint8Array, replies: number): Promise<readonly string[]>;
};

type Exchange = { count: number; replies: string[]; resolve: (replies: readonly string[]) => void };

/**
 * Takes a socket over from nodemailer, which still watches for its end, its errors and its silence. A reply that
 * nobody has asked for ends the connection: taken for the answer to a later command it would tell of a mail what
 * was said of something else.
 */
export function createSmtpWire({ socket, ended, onBroken }: SmtpWireOptions): SmtpWire {
  let current: Exchange | null = null;
  let hasEnded = false;

  const finish = () => {
    const exchange = current;
    current = null;
    exchange?.resolve(exchange.replies);
  };
  const onReply = (reply: string) => {
    if (!current) return onBroken(new SmtpError('Unexpected Response', 'EPROTOCOL', 'CONN', reply));
    current.replies.push(reply);
    if (current.replies.length === current.count) finish();
  };
  const reader = createReplyReader({
    onReply,
    onMalformed: (text) =>
      onBroken(new SmtpError(`Not an SMTP reply: ${JSON.stringify(text)}`, 'EPROTOCOL', 'CONN', '')),
  });

  // nodemailer's own listener would take every reply for one that nobody asked for.
  socket.removeAllListeners('data');
  socket.on('data', (chunk: Buffer) => reader.push(chunk));
  void settle();

  async function settle(): Promise<void> {
    await ended;
    hasEnded = true;
    finish();
  }

  return {
    get isOpen() {
      return !hasEnded && socket.writable && !socket.readableEnded;
    },
    get isFlushed() {
      return socket.writableLength === 0;
    },
    exchange(bytes, count) {
      return new Promise((resolve) => {
        if (hasEnded) return resolve([]);
        if (current) throw new Error('an exchange is under way on this connection');
        current = { count, replies: [], resolve };
        socket.write(bytes);
      });
    },
  };
}
