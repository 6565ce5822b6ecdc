import type { LoadClient } from './accounts.ts';
import { type ApiAnswer, callApi, toRows } from './api-client.ts';
import type { Evidence, MessageState, Promised, Step } from './evidence.ts';
import type { Incident } from './journal.ts';
import type { LoadResult } from './load.ts';
import { pause } from './pause.ts';
import type { Stage } from './stage.ts';

export type SettleOptions = {
  databaseUrl: string;
  limitMs: number;
  signal: AbortSignal;
  onWaiting: (unfinished: number) => void;
};

const LOOK_EVERY_MS = 500;
const TELL_EVERY_MS = 5000;

/** Waits until no message waits for anything; resolves with how many still do when the time is over. */
export async function settle({ databaseUrl, limitMs, signal, onWaiting }: SettleOptions): Promise<number> {
  const sql = new Bun.SQL(databaseUrl, { max: 1 });
  const startedAt = performance.now();
  let toldAt = startedAt;
  try {
    for (;;) {
      const rows: unknown = await sql`
        select count(*)::int as count from messages where status::text in ('scheduled', 'queued', 'sending')`;
      const unfinished = Number(Array.isArray(rows) ? rows[0]?.count : Number.NaN);
      if (unfinished === 0 || performance.now() - startedAt > limitMs || signal.aborted) return unfinished;
      if (performance.now() - toldAt > TELL_EVERY_MS) {
        toldAt = performance.now();
        onWaiting(unfinished);
      }
      await pause(LOOK_EVERY_MS, signal);
    }
  } finally {
    await sql.close();
  }
}

/** How often something of this kind stands in the timelines of all messages. */
export async function countSteps(databaseUrl: string, type: string): Promise<number> {
  const sql = new Bun.SQL(databaseUrl, { max: 1 });
  try {
    const rows: unknown = await sql`
      select count(*)::int as count from message_events where type::text = ${type}`;
    return Number(Array.isArray(rows) ? rows[0]?.count : Number.NaN);
  } finally {
    await sql.close();
  }
}

/** Reads every message of every client through the API, as the clients themselves would. */
async function readStates(url: string, clients: readonly LoadClient[]): Promise<Map<string, MessageState>> {
  const states = new Map<string, MessageState>();
  for (const { keys } of clients) {
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page: ApiAnswer = await callApi('GET', `${url}/v1/messages?limit=100${query}`, { key: keys[0] });
      if (page.status !== 200)
        throw new Error(`the list of messages: ${page.status} ${JSON.stringify(page.body)}`);
      for (const { id, status, attempts, lastError } of toRows(page)) {
        states.set(String(id), {
          status: String(status),
          attempts: Number(attempts),
          lastError: typeof lastError === 'string' ? lastError : null,
        });
      }
      const { nextCursor } = page.body;
      cursor = typeof nextCursor === 'string' ? nextCursor : null;
    } while (cursor !== null);
  }
  return states;
}

/** Reads the timelines of messages; whose they are is found by asking with each client's key. */
async function readTimelines(
  url: string,
  clients: readonly LoadClient[],
  ids: readonly string[],
): Promise<Evidence['timelines']> {
  const timelines = new Map<string, readonly Step[]>();
  for (const id of ids) {
    for (const { keys } of clients) {
      const answer = await callApi('GET', `${url}/v1/messages/${id}/events`, { key: keys[0] });
      if (answer.status === 200) timelines.set(id, toRows(answer).map(toStep));
    }
  }
  return timelines;
}

function toStep({ type, at, attempt, provider, detail }: Record<string, unknown>): Step {
  return {
    type: String(type),
    at: Date.parse(String(at)),
    attempt: Number(attempt),
    provider: typeof provider === 'string' ? provider : null,
    detail: typeof detail === 'string' ? detail : null,
  };
}

export type Collecting = Pick<Evidence, 'concurrency' | 'workers' | 'leaseMs'> & {
  stage: Pick<Stage, 'apiUrls' | 'providers'>;
  incidents: readonly Incident[];
  clients: readonly LoadClient[];
  isIdempotent: boolean;
  loaded: LoadResult;
};

/** Asks the API for all it knows, once everything is at its end. */
export async function collectEvidence({ stage, clients, loaded, ...known }: Collecting): Promise<Evidence> {
  const url = stage.apiUrls[0] ?? '';
  const states = await readStates(url, clients);
  const isOdd = ({ id }: Promised) => !['sent', 'delivered'].includes(states.get(id)?.status ?? '');
  const odd = loaded.promises.filter(isOdd).map(({ id }) => id);
  return {
    ...known,
    promises: loaded.promises,
    unansweredTokens: loaded.unansweredTokens,
    states,
    timelines: await readTimelines(url, clients, odd),
    visits: stage.providers.flatMap(({ visits }) => visits),
  };
}
