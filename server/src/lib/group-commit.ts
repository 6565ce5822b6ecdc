/** What became of one item of a flush: its own result, or its own error. */
export type Settled<O> = { ok: true; value: O } | { ok: false; error: unknown };

export type GroupCommitOptions<I, O> = {
  /**
   * Carries out many items as one; must answer one result an item, in order. When it throws as a whole, every item of
   * the flush gets that error.
   */
  flush: (items: readonly I[]) => Promise<readonly Settled<O>[]>;
  /** Flushes under way at once; 2 by default, so that one fills while the other is at the disk. */
  slots?: number;
  /** Most items of a flush; 250 by default. */
  maxItems?: number;
  /**
   * Asked when an item comes and nobody waits for others yet: how long to. For callers who have enough else to do; 0 by default, and 0 adds
   * no timer.
   */
  lingerMs?: () => number;
  /** As many as are not waited with any longer; `maxItems` by default. */
  enough?: number;
};

/** Shares the cost of a commit between callers that come at the same time. */
export type GroupCommit<I, O> = {
  /** Resolves or rejects with what became of this item alone. */
  add(item: I): Promise<O>;
  /** Items that wait for a slot. */
  readonly waiting: number;
};

type Waiting<I, O> = { item: I; resolve: (value: O) => void; reject: (error: unknown) => void };

/**
 * Collects what concurrent callers want done and does it together as soon as a slot is free. Without `lingerMs` there is no timer: a lone
 * caller waits for nobody, and under load a flush is as large as what arrived during the one before.
 */
export function createGroupCommit<I, O>({
  flush,
  slots = 2,
  maxItems = 250,
  lingerMs = () => 0,
  enough = maxItems,
}: GroupCommitOptions<I, O>): GroupCommit<I, O> {
  const waiting: Waiting<I, O>[] = [];
  let busy = 0;
  let lingering: ReturnType<typeof setTimeout> | null = null;

  const start = () => {
    while (busy < slots && waiting.length > 0) {
      busy += 1;
      void run(waiting.splice(0, maxItems));
    }
  };

  const run = async (batch: readonly Waiting<I, O>[]) => {
    try {
      settle(batch, await flush(batch.map(({ item }) => item)));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    busy -= 1;
    if (lingering === null) start();
  };

  const gather = () => {
    if (lingering !== null) {
      if (waiting.length >= enough) stopLingering();
      return;
    }
    const ms = lingerMs();
    // Whoever calls in the same turn of the event loop joins the same flush.
    if (ms <= 0) return queueMicrotask(start);
    lingering = setTimeout(stopLingering, ms);
  };

  const stopLingering = () => {
    if (lingering !== null) clearTimeout(lingering);
    lingering = null;
    start();
  };

  return {
    add(item) {
      return new Promise<O>((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        gather();
      });
    },
    get waiting() {
      return waiting.length;
    },
  };
}

function settle<I, O>(batch: readonly Waiting<I, O>[], results: readonly Settled<O>[]): void {
  batch.forEach(({ resolve, reject }, index) => {
    const result = results[index];
    if (!result) reject(new Error('the flush gave no result for this item'));
    else if (result.ok) resolve(result.value);
    else reject(result.error);
  });
}
