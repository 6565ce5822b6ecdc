import { type ApiOf, dataOf } from '../api-client.ts';
import type { CallOptions } from '../options.ts';
import type { Stats, StatsQuery } from '../types.ts';

/** How many messages came to what. */
export type StatsResource = {
  /**
   * Counts the messages of the key's mode by status, template, provider and time: the last day by the hour, unless the query says
   * otherwise. An admin's key counts those of all clients.
   *
   * @throws MailError `invalid_request` for a span of too many buckets
   *
   * @example
   * const { total, byStatus } = await mailer.stats.get({ bucket: 'day' });
   * console.log(total, byStatus['bounced'] ?? 0);
   */
  get(query?: StatsQuery, options?: CallOptions): Promise<Stats>;
};

/** @internal */
export function createStats(api: ApiOf): StatsResource {
  return { get: (query = {}, options) => dataOf(api(options).v1.stats.get({ query })) };
}
