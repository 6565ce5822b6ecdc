import type postgres from 'postgres';

/** One row a mail, and nothing that safety would ask for. */
export async function createControlTable(sql: postgres.Sql): Promise<void> {
  await sql`create table if not exists mails (
    id uuid primary key, recipient text not null, body text not null,
    status text not null default 'queued', created_at timestamptz not null default now())`;
}

/** What a worker needs of a mail; it is carried in the job, so that nothing is read. */
export type ControlJob = { id: string; to: string; body: string };

export const QUEUE = 'control';
