import type { ProviderEvent } from '../providers/provider-event.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Database } from './database.ts';
import { type AppliedEvents, applyProviderEvents } from './provider-events.ts';

type NewsDeps = { database: Database; logger: Logger; metrics: Metrics };

/**
 * Takes what a provider tells, however it came: writes it down, counts it and logs what it moved. Events of mail that is not ours are
 * counted and dropped.
 */
export async function receiveProviderEvents(
  { database, logger, metrics }: NewsDeps,
  { provider, events }: { provider: string; events: readonly ProviderEvent[] },
): Promise<Omit<AppliedEvents, 'moved'>> {
  const { moved, ...counts } = await applyProviderEvents(database, events);
  for (const [result, count] of Object.entries(counts))
    metrics.providerEvents.add(count, { provider, result });
  if (counts.unmatched > 0) logger.debug({ provider, ...counts }, 'events of mail that is not ours');
  for (const { messageId, traceId, from, status } of moved)
    logger.info(
      { message_id: messageId, trace_id: traceId, provider, from, status },
      'a provider event moved a message',
    );
  return counts;
}
