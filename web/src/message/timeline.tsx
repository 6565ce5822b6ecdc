import type { MessageEvent } from '@org/mail-sdk';
import { toDuration, toExactTime, toFullTime } from '../shared/formats.ts';

const BAD: readonly string[] = ['bounced', 'spam', 'failed', 'refused'];
const DOUBTFUL: readonly string[] = ['deferred', 'failed_over', 'unknown', 'suppressed', 'unsubscribed'];
const GOOD: readonly string[] = ['sent', 'delivered', 'opened', 'clicked'];

/** All that happened to a message, in order, with the provider's own words. */
export function Timeline({ events }: { events: readonly MessageEvent[] }) {
  return (
    <ol class="timeline">
      {events.map((event, index) => (
        <li key={index} class="timeline-step" data-tone={toneOf(event.type)}>
          <div class="timeline-head">
            <strong>{event.type.replaceAll('_', ' ')}</strong>
            {event.attempt > 1 ? <span class="soft">attempt {event.attempt}</span> : null}
            {event.provider === null ? null : <span class="soft">{event.provider}</span>}
            <time class="soft" dateTime={event.at} title={toFullTime(event.at)}>
              {toExactTime(event.at)}
              {sinceLast(events, index)}
            </time>
          </div>
          {event.recipient === null ? null : <p class="soft">{event.recipient}</p>}
          {event.detail === null ? null : <p class="timeline-words">{event.detail}</p>}
        </li>
      ))}
    </ol>
  );
}

function sinceLast(events: readonly MessageEvent[], index: number): string {
  const [last, event] = [events[index - 1], events[index]];
  return last && event ? `  +${toDuration(last.at, event.at)}` : '';
}

function toneOf(type: string): string {
  if (BAD.includes(type)) return 'danger';
  if (DOUBTFUL.includes(type)) return 'warning';
  return GOOD.includes(type) ? 'good' : '';
}
