import type { FeedEvent } from '../../lib/db/event-feed.ts';
import type { MessageFilter } from '../../lib/db/message-filters.ts';

/**
 * What a filter of messages means for their events. Status and provider are the message's when it is read, but a provider or recipient that
 * the event names comes first: a failover is about the provider that failed.
 */
export function createEventFilter(filter: MessageFilter): (event: FeedEvent) => boolean {
  const { status, template, templateVersion, provider, traceId, since, until, tags = [] } = filter;
  const recipient = filter.recipient?.toLowerCase();
  return (event) =>
    (status === undefined || event.status === status) &&
    (recipient === undefined || event.recipient.toLowerCase() === recipient) &&
    (template === undefined || event.template === template) &&
    (templateVersion === undefined || event.templateVersion === templateVersion) &&
    (provider === undefined || (event.provider ?? event.messageProvider) === provider) &&
    (traceId === undefined || event.traceId === traceId) &&
    (since === undefined || event.at >= since) &&
    (until === undefined || event.at <= until) &&
    tags.every(([name, value]) => event.tags[name] === value);
}
