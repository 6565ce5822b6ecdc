import { expect, test } from 'bun:test';
import { readBlocks } from '../../../../scripts/transcripts/blocks.ts';
import type { FeedEvent } from '../db/event-feed.ts';
import { EVERY_TYPE, PAUSED_TYPE, WEBHOOK_EVENTS } from './event-types.ts';
import { toEventPayload, toPausedPayload, toTestPayload } from './payload.ts';

const PAGE = 'docs/webhooks.md';

const AT = new Date('2026-11-21T08:00:00Z');
const EVENT: FeedEvent = {
  position: { txid: '1', id: 1 },
  messageId: 'm',
  clientId: 'c',
  mode: 'live',
  type: 'bounced',
  status: 'bounced',
  recipient: 'ada@example.net',
  attempt: 1,
  provider: 'ses',
  messageProvider: 'ses',
  traceId: '0'.repeat(32),
  detail: '550',
  template: 'welcome',
  templateVersion: 1,
  tags: {},
  at: AT,
};
const ENDPOINT = { id: 'e', mode: 'live', url: 'https://example.com/hooks' } as const;

/** The names of a payload's fields, in their order, and the type. */
function shapeOf(text: string) {
  const { type, data, ...rest } = JSON.parse(text);
  return { type, outer: Object.keys(rest), data: Object.keys(data) };
}

test(`${PAGE} shows every payload as it is`, () => {
  const shown = readBlocks(PAGE).filter(({ language, isMade }) => language === 'json' && !isMade);
  const actual = [
    toEventPayload(EVENT),
    toPausedPayload(ENDPOINT, 'failing', AT),
    toTestPayload(ENDPOINT, AT),
  ];
  expect(shown.map(({ code }) => shapeOf(code))).toEqual(actual.map(({ payload }) => shapeOf(payload)));
});

test(`${PAGE} names every type`, async () => {
  const text = await Bun.file(new URL(`../../../../${PAGE}`, import.meta.url)).text();
  const [, list = ''] = /`message\.` and one of: ([^]*?)\.\n/.exec(text) ?? [];
  const named = [...list.matchAll(/`([a-z_]+)`/g)].map(([, type]) => `message.${type}`);
  const offered = WEBHOOK_EVENTS.filter((type) => type !== EVERY_TYPE && type !== PAUSED_TYPE);
  expect(named.sort()).toEqual([...offered].sort());
});
