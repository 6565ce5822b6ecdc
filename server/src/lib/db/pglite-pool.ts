import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import type { PGlite, Transaction } from '@electric-sql/pglite';
import type { EmbeddedSession } from './statement.ts';

type Row = Record<string, unknown>;
type QueryText = string | { text: string; values?: readonly unknown[] };

/** PGlite settles in microtasks only, so that timers and sockets starve while it is busy: hand the loop back this often. */
const YIELD_EVERY_MS = 4;

/**
 * The surface of a `pg.Pool` over one in-process PGlite, as far as BullMQ's PostgreSQL backend uses it. All
 * "connections" share PGlite's single session; a client that says BEGIN holds PGlite's transaction lock until it says COMMIT or
 * ROLLBACK, which is what keeps transactions apart.
 */
export class PglitePool extends EventEmitter {
  /** With `keepAlive` BullMQ trusts NOTIFY and does not poll every ten seconds. */
  readonly options = { max: Number.MAX_SAFE_INTEGER, keepAlive: true };
  readonly #pglite: PGlite;
  readonly #clients = new Set<PgliteClient>();
  readonly #stopListening: () => void;
  readonly #transaction = new AsyncLocalStorage<EmbeddedSession>();
  #lastYield = 0;

  constructor(pglite: PGlite) {
    super();
    this.setMaxListeners(0);
    this.#pglite = pglite;
    this.#stopListening = pglite.onNotification((channel, payload) => {
      for (const client of this.#clients) client.emit('notification', { channel, payload });
    });
  }

  // The generic is BullMQ's interface: rows are whatever its own SQL returns.
  async query<R = Row>(
    query: QueryText,
    params?: readonly unknown[],
  ): Promise<{ rows: R[]; rowCount: number }> {
    const { text, values } = typeof query === 'string' ? { text: query, values: params } : query;
    if (text.includes('FROM pg_stat_activity')) return this.#namedClients<R>();
    return this.run<R>(this.#transaction.getStore() ?? this.#pglite, text, values);
  }

  /**
   * Whatever `work` asks of the pool joins an open transaction of the same database: jobs are added with the rows they are
   * for, and nothing waits for the transaction it is part of.
   */
  inTransaction<T>(transaction: EmbeddedSession, work: () => Promise<T>): Promise<T> {
    return this.#transaction.run(transaction, work);
  }

  async connect(): Promise<PgliteClient> {
    const client = new PgliteClient(this, this.#pglite, () => this.#clients.delete(client));
    this.#clients.add(client);
    return client;
  }

  async end(): Promise<void> {
    this.#stopListening();
    this.#clients.clear();
  }

  /** Runs one statement on the database or an open transaction. */
  async run<R>(
    on: EmbeddedSession,
    text: string,
    params?: readonly unknown[],
  ): Promise<{ rows: R[]; rowCount: number }> {
    await this.#yieldIfDue();
    if (params && params.length > 0) {
      const result = await on.query<R>(text, [...params]);
      return { rows: result.rows, rowCount: result.affectedRows ?? result.rows.length };
    }
    // The simple protocol: BullMQ's migrations are scripts of many statements.
    const last = (await on.exec(text)).at(-1);
    const rows = (last?.rows ?? []) as R[];
    return { rows, rowCount: last?.affectedRows ?? rows.length };
  }

  async #yieldIfDue(): Promise<void> {
    if (performance.now() - this.#lastYield < YIELD_EVERY_MS) return;
    await new Promise((resolve) => setImmediate(resolve));
    this.#lastYield = performance.now();
  }

  /** One session has one name in `pg_stat_activity`; BullMQ looks its workers up by theirs. */
  #namedClients<R>(): { rows: R[]; rowCount: number } {
    const rows = [...this.#clients].flatMap(({ applicationName }) =>
      applicationName ? [{ application_name: applicationName }] : [],
    );
    return { rows: rows as R[], rowCount: rows.length };
  }
}

type OpenTransaction = { on: Transaction; end: () => void; ended: Promise<void> };

/** One "connection" of a {@link PglitePool}. */
export class PgliteClient extends EventEmitter {
  applicationName: string | null = null;
  readonly #pool: PglitePool;
  readonly #pglite: PGlite;
  readonly #onRelease: () => void;
  #open: OpenTransaction | null = null;

  constructor(pool: PglitePool, pglite: PGlite, onRelease: () => void) {
    super();
    this.setMaxListeners(0);
    this.#pool = pool;
    this.#pglite = pglite;
    this.#onRelease = onRelease;
  }

  async query<R = Row>(text: string, params?: readonly unknown[]): Promise<{ rows: R[]; rowCount: number }> {
    const verb = text.trim().replace(/;$/, '').toUpperCase();
    if (verb === 'BEGIN') return this.#begin();
    if (this.#open && (verb === 'COMMIT' || verb === 'ROLLBACK')) return this.#end(this.#open, verb);
    if (text.includes("set_config('application_name'")) {
      this.applicationName = String(params?.[0]);
      return { rows: [], rowCount: 0 };
    }
    return this.#pool.run<R>(this.#open?.on ?? this.#pglite, text, params);
  }

  release(): void {
    const open = this.#open;
    this.#open = null;
    // A client released inside a transaction was abandoned: undo what it did, and free PGlite's lock in any case.
    if (open) void rollBack(open);
    this.removeAllListeners();
    this.#onRelease();
  }

  async #begin<R>(): Promise<{ rows: R[]; rowCount: number }> {
    await new Promise<void>((resolve, reject) => {
      const ended = this.#pglite.transaction(
        (transaction) =>
          new Promise<void>((end) => {
            this.#open = { on: transaction, end, ended };
            resolve();
          }),
      );
      ended.catch(reject);
    });
    return { rows: [], rowCount: 0 };
  }

  async #end<R>(
    open: OpenTransaction,
    verb: 'COMMIT' | 'ROLLBACK',
  ): Promise<{ rows: R[]; rowCount: number }> {
    this.#open = null;
    if (verb === 'ROLLBACK') await open.on.rollback();
    open.end();
    await open.ended;
    return { rows: [], rowCount: 0 };
  }
}

async function rollBack(open: OpenTransaction): Promise<void> {
  try {
    await open.on.rollback();
  } finally {
    open.end();
  }
}
