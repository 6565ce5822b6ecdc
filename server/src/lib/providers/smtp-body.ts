import { Readable } from 'node:stream';

/** The body of one transaction: nothing of it can be read before the hand-over was recorded. */
export type SmtpBody = {
  readonly stream: Readable;
  /** Whether the server asked for the body, and so `onHandOver` was called. */
  readonly isAsked: boolean;
  /** Whether bytes were let through. */
  readonly isHandedOver: boolean;
  /** Stops what has not begun, and waits until `onHandOver` has settled; returns what it threw. */
  end(): Promise<{ error: unknown } | null>;
};

/**
 * Creates the stream that a connection reads after DATA was accepted. (nodemailer's `sendMail` would read a `raw` stream
 * long before, into a buffer of its own; its connection reads what it is given only then.)
 */
export function createSmtpBody(mime: Uint8Array, onHandOver: () => Promise<void>): SmtpBody {
  let handingOver: Promise<{ error: unknown } | null> | null = null;
  let isHandedOver = false;

  async function handOver(): Promise<{ error: unknown } | null> {
    try {
      await onHandOver();
    } catch (error) {
      // An error of our own: nodemailer writes its code on the one it gets, and the caller's must stay as it is.
      stream.destroy(new Error('the hand-over was refused'));
      return { error };
    }
    // The connection may have gone while the checkpoint was written.
    if (stream.destroyed) return null;
    isHandedOver = true;
    stream.push(mime);
    stream.push(null);
    return null;
  }

  const stream = new Readable({
    read() {
      handingOver ??= handOver();
    },
  });

  return {
    stream,
    get isAsked() {
      return handingOver !== null;
    },
    get isHandedOver() {
      return isHandedOver;
    },
    async end() {
      stream.destroy();
      return handingOver;
    },
  };
}
