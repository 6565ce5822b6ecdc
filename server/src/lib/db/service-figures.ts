import type { ServiceFigures } from '../telemetry/metrics.ts';
import type { Database } from './database.ts';
import { oldestQueuedMs } from './deliveries-unfinished.ts';

/** Beyond this many the exact number helps nobody, and would cost more with each. */
const MAX_COUNTED = 10_000;

const FIGURES = `
select
  (select count(*) from (select 1 from dead_letters limit ${MAX_COUNTED}) letter)::int as dead_letters,
  (
    select extract(epoch from now() - next_attempt_at)::float8 * 1000
    from webhook_deliveries where status = 'pending' and next_attempt_at <= now()
    order by next_attempt_at limit 1
  ) as oldest_webhook_ms`;

type FiguresRow = { dead_letters: number; oldest_webhook_ms: number | null };

/** What the database knows of the service as a whole, at the same small cost however much there is. */
export async function readServiceFigures(
  database: Database,
): Promise<Pick<ServiceFigures, 'oldestQueuedMs' | 'deadLetters' | 'oldestWebhookMs'>> {
  const [oldest, rows] = await Promise.all([
    oldestQueuedMs(database),
    database.query<FiguresRow>(FIGURES, []),
  ]);
  return {
    oldestQueuedMs: oldest,
    deadLetters: rows[0]?.dead_letters ?? 0,
    oldestWebhookMs: rows[0]?.oldest_webhook_ms ?? 0,
  };
}
