import type { LoadPlan } from './http-load.ts';

/** A process of a system that is measured. */
export type BenchProcess = { pid: number; stop(): Promise<void> };

/** One of the systems that are compared: something accepts a receipt over HTTP, something delivers it. */
export type BenchSystem = {
  name: string;
  databaseUrl: string;
  /** What accepts, up and running. */
  ingest: BenchProcess;
  /** How a mail is given to it. */
  request: Pick<LoadPlan, 'port' | 'path' | 'headers' | 'body'>;
  startWorker(): Promise<BenchProcess>;
  /** Mails whose row says that they were sent: what was counted at the sink alone might not have been recorded. */
  countRecorded(): Promise<number>;
  /** Mails that have a row. */
  countAccepted(): Promise<number>;
  stop(): Promise<void>;
};

/** How far workers stand back behind what accepts, where a way does so: the service's own default. */
export const WORKER_NICE = '10';

/** Runs a query for a column named `value`, on a connection of its own. */
export async function queryNumbers(databaseUrl: string, query: string): Promise<number[]> {
  const sql = new Bun.SQL(databaseUrl, { max: 1 });
  try {
    const rows: { value: unknown }[] = await sql.unsafe(query);
    return rows.map(({ value }) => Number(value));
  } finally {
    await sql.close();
  }
}

/** Counts the rows of a table that meet a condition. */
export async function countRows(databaseUrl: string, tableAndCondition: string): Promise<number> {
  const [count = 0] = await queryNumbers(databaseUrl, `select count(*) as value from ${tableAndCondition}`);
  return count;
}
