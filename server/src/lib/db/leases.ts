import type { Database } from './database.ts';

/** Work that one instance at a time does for all: who holds the row does it, until it ends or says so. */
export type ServiceLease = { name: string; holder: string };

const HOLD = `
insert into service_leases (name, holder, until)
values ($1::text, $2::uuid, now() + make_interval(secs => $3::float8 / 1000))
on conflict (name) do update set holder = excluded.holder, until = excluded.until
where service_leases.holder = excluded.holder or service_leases.until < now()
returning holder`;

const RELEASE = 'delete from service_leases where name = $1::text and holder = $2::uuid';

/**
 * Takes the lease or renews it for `ttlMs` from now; false where another holds it. Both clocks are the database's.
 */
export async function holdLease(
  database: Database,
  { name, holder }: ServiceLease,
  ttlMs: number,
): Promise<boolean> {
  const rows = await database.query<{ holder: string }>(HOLD, [name, holder, ttlMs]);
  return rows.length > 0;
}

/** Gives the lease back, so that another need not wait for its end; nothing happens where another holds it. */
export async function releaseLease(database: Database, { name, holder }: ServiceLease): Promise<void> {
  await database.query(RELEASE, [name, holder]);
}
