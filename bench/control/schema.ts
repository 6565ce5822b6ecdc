import type postgres from 'postgres';

/** One row a mail, and nothing that safety would ask for. */
export async function createControlTable(sql: postgres.Sql): Promise<void> {
  await sql`create table if not exists mails (
    id uuid primary key, recipient text not null, body text not null,
    status text not null default 'queued', created_at timestamptz not null default now())`;
}

/** What a worker reads, for many jobs in one look-up: carried through the queue it would cost Redis twice as much as the look-up. */
export type ControlMail = { id: string; recipient: string; body: string };

export type ControlJob = { id: string };

export const QUEUE = 'control';
