import { rejectAfter } from '../time-limit.ts';
import type { ConnectionOptions } from 'node:tls';
import type { DkimSigner } from '../mail/dkim.ts';
import type { OutboundMail, Provider, SendOptions, SendResult } from './provider.ts';
import type { RefusedRecipient } from './smtp-dialog.ts';
import { describeError, isConnectionLoss, toFailure, toSent } from './smtp-outcome.ts';
import type { PoolUse } from '../telemetry/metrics.ts';
import { createSmtpPool, type SmtpPool } from './smtp-pool.ts';
import { openSmtpSession, type SmtpSession } from './smtp-session.ts';

export type SmtpProviderOptions = {
  /** Shown in timelines and metrics. */
  name: string;
  host: string;
  port: number;
  /** TLS from the first byte (port 465); otherwise STARTTLS is used where the server offers it. */
  isSecure: boolean;
  auth: { user: string; pass: string } | null;
  /** Connections open at once. */
  poolSize: number;
  /** Messages a connection carries before it is replaced; 1000 by default. */
  maxMessages?: number;
  /** Refuses to go on in plain text; false by default. */
  isTlsRequired?: boolean;
  tls?: ConnectionOptions;
  /** What EHLO says; the machine's name by default. */
  clientName?: string | null;
  /** 10 seconds by default. */
  connectTimeoutMs?: number;
  /** From connected to the server's greeting; 10 seconds by default. */
  greetingTimeoutMs?: number;
  /** Silence after which a connection counts as lost; 2 minutes by default, as some relays scan before they answer. */
  socketTimeoutMs?: number;
  /** 30 seconds by default. */
  idleTimeoutMs?: number;
  /** Signs what leaves; none by default, for relays that sign themselves. */
  dkim?: DkimSigner | null;
};

/**
 * Sends through an SMTP relay over a pool of kept connections. Nothing is ever sent twice: a message is tried again
 * here only where a connection kept from before turned out to be closed and no byte of the body had been asked for.
 *
 * An attempt that was aborted still waits for an `onHandOver` that is under way, so that no checkpoint is written
 * after its outcome.
 */
export function createSmtpProvider(options: SmtpProviderOptions): Provider {
  return new SmtpProvider(options);
}

const RESET_TIMEOUT_MS = 2000;

class SmtpProvider implements Provider {
  readonly name: string;
  readonly #pool: SmtpPool;
  readonly #dkim: DkimSigner | null;
  readonly #active = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor({
    name,
    poolSize,
    maxMessages = 1000,
    idleTimeoutMs = 30_000,
    dkim = null,
    ...connection
  }: SmtpProviderOptions) {
    this.name = name;
    this.#dkim = dkim;
    const session = {
      isTlsRequired: false,
      tls: {},
      clientName: null,
      connectTimeoutMs: 10_000,
      greetingTimeoutMs: 10_000,
      socketTimeoutMs: 120_000,
      ...connection,
    };
    this.#pool = createSmtpPool({
      open: (signal) => openSmtpSession(session, signal),
      maxConnections: poolSize,
      maxMessages,
      idleTimeoutMs,
    });
  }

  async send(mail: OutboundMail, options: SendOptions): Promise<SendResult> {
    if (this.#isClosed) return { kind: 'provider_down', reason: 'the provider is closed' };
    const unsafe = findUnsafeAddress(mail.envelope);
    if (unsafe !== null) return { kind: 'rejected', response: unsafe, refused: [] };
    return this.#track(this.#deliver(mail, options));
  }

  use(): PoolUse {
    return this.#pool.use();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    while (this.#active.size > 0) await Promise.allSettled(this.#active);
    await this.#pool.close();
  }

  async #deliver(unsigned: OutboundMail, options: SendOptions): Promise<SendResult> {
    const mail = await this.#sign(unsigned);
    let session: SmtpSession;
    try {
      session = await this.#pool.borrow(options.signal);
    } catch (error) {
      return toUnreachable(error, options.signal);
    }
    const first = await transact({ session, mail, ...options });
    if (first.connection !== 'stale') return this.#finish(session, first);
    try {
      session = await this.#pool.replace(session, options.signal);
    } catch (error) {
      return toUnreachable(error, options.signal);
    }
    return this.#finish(session, await transact({ session, mail, ...options }));
  }

  async #sign(mail: OutboundMail): Promise<OutboundMail> {
    return this.#dkim === null ? mail : { ...mail, mime: await this.#dkim.sign(mail.mime) };
  }

  #finish(session: SmtpSession, { outcome, connection }: Transaction): SendResult {
    // The answer does not wait for the connection to be made ready for the next message.
    void this.#track(this.#recycle(session, connection));
    if ('thrown' in outcome) throw outcome.thrown;
    return outcome.result;
  }

  async #recycle(session: SmtpSession, connection: ConnectionState): Promise<void> {
    try {
      // A relay that says nothing to this would hold the place of a connection that works.
      if (connection === 'unfinished') await rejectAfter(RESET_TIMEOUT_MS, session.reset());
      if (connection === 'disturbed') session.destroy();
    } catch {
      session.destroy(); // A connection that cannot be reset is of no use; the message has its answer already.
    }
    this.#pool.giveBack(session);
  }

  async #track<T>(work: Promise<T>): Promise<T> {
    this.#active.add(work);
    try {
      return await work;
    } finally {
      this.#active.delete(work);
    }
  }
}

type Transaction = {
  outcome: { result: SendResult } | { thrown: unknown };
  connection: ConnectionState;
};

/**
 * - `ready`: may carry the next message.
 * - `unfinished`: the server refused the envelope; its transaction has to be reset first.
 * - `disturbed`: closed, or cut off in the middle of a body, the rest of which would swallow the next command.
 * - `stale`: it had been kept from before and was dead; nothing was asked for.
 */
type ConnectionState = 'ready' | 'unfinished' | 'disturbed' | 'stale';

type TransactionInput = SendOptions & { session: SmtpSession; mail: OutboundMail };

/** How far a transaction has come. */
type Progress = {
  /** Whether the server asked for the message, and so `onHandOver` was called. */
  isAsked: boolean;
  /** Whether bytes of the message were let through. */
  isHandedOver: boolean;
  refusals: RefusedRecipient[];
};

async function transact({ session, mail, onHandOver, signal }: TransactionInput): Promise<Transaction> {
  const isReused = session.sentCount > 0;
  const progress: Progress = { isAsked: false, isHandedOver: false, refusals: [] };
  const abort = () => session.destroy();
  signal.addEventListener('abort', abort, { once: true });
  try {
    signal.throwIfAborted();
    const { from, to } = mail.envelope;
    await session.begin({ from, to, size: mail.mime.length }, progress.refusals);
    progress.isAsked = true;
    const refused = await callHandOver(onHandOver);
    if (refused) return { outcome: refused, connection: 'disturbed' };
    // The connection may have gone while the checkpoint was written; then nothing leaves.
    progress.isHandedOver = session.isOpen;
    const response = await session.finish(mail.mime);
    return { outcome: { result: toSent(response, progress.refusals) }, connection: 'ready' };
  } catch (error) {
    return toFailed(error, { session, progress, isReused, isAborted: signal.aborted });
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** What the caller throws here is its own: it must not be taken for a failure of the relay. */
async function callHandOver(onHandOver: SendOptions['onHandOver']): Promise<{ thrown: unknown } | null> {
  try {
    await onHandOver();
    return null;
  } catch (error) {
    return { thrown: error };
  }
}

type Failed = { session: SmtpSession; progress: Progress; isReused: boolean; isAborted: boolean };

function toFailed(error: unknown, { session, progress, isReused, isAborted }: Failed): Transaction {
  const { isAsked, isHandedOver, refusals } = progress;
  const result = toFailure({ error, refusals, isHandedOver, isAborted });
  const isStale = isReused && !isAsked && !isAborted && isConnectionLoss(error);
  if (isStale) return { outcome: { result }, connection: 'stale' };
  return { outcome: { result }, connection: session.isOpen && !isAsked ? 'unfinished' : 'disturbed' };
}

function toUnreachable(error: unknown, signal: AbortSignal): SendResult {
  return { kind: 'provider_down', reason: signal.aborted ? 'aborted' : describeError(error) };
}

/**
 * A second wall behind address parsing: what is not one plain ASCII word could end the SMTP command and start another.
 * An empty sender is the null reverse-path.
 */
function findUnsafeAddress({ from, to }: OutboundMail['envelope']): string | null {
  if (to.length === 0) return 'the envelope has no recipient';
  const unsafe = [...(from === '' ? [] : [from]), ...to].find((address) => !/^[!-;=?-~]+$/.test(address));
  return unsafe === undefined ? null : `${JSON.stringify(unsafe)} is not an envelope address`;
}
