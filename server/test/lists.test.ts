import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { sql } from 'drizzle-orm';
import { listMessages } from '../src/lib/db/messages-list.ts';
import type { MessageFilter } from '../src/lib/db/message-filters.ts';
import { type BareProfile, openBareProfile } from './support/bare-profile.ts';
import { insertRow, type RowOptions } from './support/message-rows.ts';
import { createClient, describeOnBothProfiles, startSystem, type TestSystem } from './support/system.ts';

describeOnBothProfiles('lists of messages', (profile) => {
  let bare: BareProfile;

  beforeAll(async () => {
    bare = await openBareProfile(profile);
  }, 60_000);

  afterAll(() => bare.release());

  const add = (options: RowOptions) => insertRow(bare, options);
  const list = async (filter: MessageFilter, paging: { limit?: number; maxWalked?: number } = {}) => {
    const pages: string[][] = [];
    let before: string | null = null;
    do {
      const page = await listMessages(bare.database.db, {
        owner: { clientId: bare.clientId, mode: 'live' },
        filter,
        before,
        limit: 100,
        ...paging,
      });
      pages.push(page.messages.map(({ id }) => id));
      before = page.next;
    } while (before !== null);
    return pages;
  };
  const all = async (filter: MessageFilter) => (await list(filter)).flat();

  describe('each filter alone and with others', () => {
    const kept: Record<string, string> = {};
    const columns = {
      status: 'failed',
      templateName: 'receipt',
      templateVersion: 3,
      tags: { campaign: 'spring' },
      provider: 'ses',
      traceId: 'f'.repeat(32),
    } as const;

    beforeAll(async () => {
      kept['all'] = await add({ ...columns, to: ['Ada@example.net'] });
      kept['sent'] = await add({ ...columns, status: 'sent', to: ['ada@example.net'] });
      kept['version'] = await add({ ...columns, templateVersion: 4, to: ['ada@example.net'] });
      kept['template'] = await add({ ...columns, templateName: 'other', to: ['ada@example.net'] });
      kept['tag'] = await add({ ...columns, tags: { campaign: 'autumn' }, to: ['ada@example.net'] });
      kept['provider'] = await add({ ...columns, provider: 'smtp', to: ['ada@example.net'] });
      kept['trace'] = await add({ ...columns, traceId: 'e'.repeat(32), to: ['ada@example.net'] });
      kept['recipient'] = await add({ ...columns, to: ['bob@example.net'] });
      await add({ ...columns, mode: 'test', to: ['ada@example.net'] });
    });

    const FILTERS: [string, MessageFilter][] = [
      ['sent', { status: 'failed' }],
      ['version', { template: 'receipt', templateVersion: 3 }],
      ['template', { template: 'receipt' }],
      ['tag', { tags: [['campaign', 'spring']] }],
      ['provider', { provider: 'ses' }],
      ['trace', { traceId: 'f'.repeat(32) }],
      ['recipient', { recipient: 'ada@EXAMPLE.net' }],
    ];
    /** Every set of them: the message that differs in one of a set is left out, all others are there. */
    const sets = Array.from({ length: 2 ** FILTERS.length }, (_, bits) =>
      FILTERS.filter((_filter, index) => (bits & (1 << index)) !== 0),
    );

    test(`${sets.length} combinations of ${FILTERS.length} filters find what they should`, async () => {
      for (const set of sets) {
        const filter = Object.assign({}, ...set.map(([, one]) => one));
        const names = set.map(([name]) => name);
        // Another template is also no third version of this one.
        if (names.includes('version')) names.push('template');
        const expected = Object.entries(kept).filter(([name]) => !names.includes(name));
        expect([names, (await all(filter)).toSorted()]).toEqual([
          names,
          expected.map(([, id]) => id).toSorted(),
        ]);
      }
    }, 60_000);
  });

  test('any recipient is found, in whatever way it was written, and once', async () => {
    const id = await add({ to: ['first@example.net', 'Second@example.net', 'second@example.net'] });
    expect(await all({ recipient: 'SECOND@example.net' })).toEqual([id]);
    expect(await all({ recipient: 'first@example.net' })).toEqual([id]);
    expect(await all({ recipient: 'econd@example.net' })).toEqual([]);
  });

  test('times are inclusive, to the millisecond', async () => {
    const ids: string[] = [];
    const times = [0, 1, 2].map((ms) => new Date(Date.UTC(2030, 0, 1) + ms));
    for (const createdAt of times) ids.push(await add({ id: idAt(createdAt), createdAt, provider: 'clock' }));
    const [first, second, third] = ids;
    expect(await all({ provider: 'clock', since: times[1] ?? new Date() })).toEqual([
      third ?? '',
      second ?? '',
    ]);
    expect(await all({ provider: 'clock', until: times[1] ?? new Date() })).toEqual([
      second ?? '',
      first ?? '',
    ]);
  });

  test('a page that looked at too many ends early, and the next goes on', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 12; n++)
      ids.push(await add({ templateName: 'rare', provider: n % 6 === 0 ? 'seldom' : 'often' }));
    const pages = await list({ template: 'rare', provider: 'seldom' }, { maxWalked: 4 });
    expect(pages.flat()).toEqual([ids[6] ?? '', ids[0] ?? '']);
    expect(pages.length).toBeGreaterThan(2);
    expect((await list({ template: 'rare' }, { limit: 5, maxWalked: 4 })).flat()).toEqual(ids.toReversed());
  });

  test('pages neither repeat nor miss what was there, while messages come in and go', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 9; n++) ids.push(await add({ tags: { stable: 'yes' } }));
    const seen: string[] = [];
    let before: string | null = null;
    do {
      const page = await listMessages(bare.database.db, {
        owner: { clientId: bare.clientId, mode: 'live' },
        filter: { tags: [['stable', 'yes']] },
        before,
        limit: 2,
      });
      seen.push(...page.messages.map(({ id }) => id));
      before = page.next;
      await add({ tags: { stable: 'yes' } });
    } while (before !== null);
    expect(seen).toEqual(ids.toReversed());
  });

  test('tags that change, and messages that go, leave no trace in the index', async () => {
    const id = await add({ tags: { who: 'me', 'a\nb': 'c', a: 'b\nc' }, templateName: 'gone' });
    const { db } = bare.database;
    const keysOf = async () =>
      (await bare.database.query('select 1 as one from message_keys where message_id = $1::uuid', [id]))
        .length;
    expect(await keysOf()).toBe(4);
    await db.execute(sql`update messages set tags = '{"who":"you"}' where id = ${id}`);
    expect(await all({ tags: [['who', 'me']] })).toEqual([]);
    expect(await all({ tags: [['who', 'you']] })).toEqual([id]);
    expect(await keysOf()).toBe(3);
    await db.execute(sql`delete from messages where id = ${id}`);
    expect(await keysOf()).toBe(0);
  });
});

/** An id of version 7 of a moment. */
function idAt(time: Date): string {
  const hex = time.getTime().toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}${Bun.randomUUIDv7().slice(13)}`;
}

describeOnBothProfiles('GET /v1/messages', (profile) => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await startSystem(profile);
  }, 60_000);

  afterAll(() => system.stop());

  const list = async (query: string, key = system.keys.live) => {
    const { body } = await system.call('GET', `/v1/messages?${query}`, { key });
    return Array.isArray(body.data) ? body.data.map(({ id }) => String(id)) : body;
  };

  test('finds a message by each of its recipients, its tags, its trace and its provider', async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const { body } = await system.call('POST', '/v1/messages', {
      key: system.keys.live,
      headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` },
      body: {
        to: ['Ada <ada@example.net>'],
        cc: ['Cleo@Example.net'],
        bcc: ['bob@example.net'],
        subject: 'x',
        text: 'x',
        tags: { campaign: 'a b&c', 'list.id': '7' },
      },
    });
    const id = String(body.messageId);
    const { provider } = await system.waitUntilEnded(id);
    for (const query of [
      'recipient=ada@example.net',
      'recipient=cleo@EXAMPLE.net',
      'recipient=bob%40example.net',
      'tag.campaign=a%20b%26c',
      'tag.list.id=7&tag.campaign=a+b%26c',
      `traceId=${traceId}`,
      `traceId=${traceId}&provider=${String(provider)}&status=sent`,
    ])
      expect([query, await list(query)]).toEqual([query, [id]]);
    for (const query of ['tag.campaign=a', 'tag.list.id=7&tag.campaign=a', 'recipient=eve@example.net'])
      expect([query, await list(query)]).toEqual([query, []]);
    const other = await createClient(system.call, system.keys.admin);
    for (const key of [other.live, system.keys.test]) {
      expect(await list(`traceId=${traceId}`, key)).toEqual([]);
      expect(await list('recipient=ada@example.net', key)).toEqual([]);
      expect(await list('tag.list.id=7', key)).toEqual([]);
    }
  });

  test('finds the messages of one version of a template', async () => {
    const source = (text: string) => `export default () => <p>${text}</p>; export const subject = 'x';`;
    await system.pushTemplate('pinned', source('one'));
    const first = await system.send({ to: 'a@example.net', template: 'pinned' });
    await system.pushTemplate('pinned', source('two'));
    const second = await system.send({ to: 'a@example.net', template: 'pinned' });
    expect(await list('template=pinned')).toEqual([second, first]);
    expect(await list('template=pinned@1')).toEqual([first]);
    expect(await list('template=pinned@2&recipient=a@example.net')).toEqual([second]);
    expect(await list('template=pinned@999999999')).toEqual([]);
  });

  test.each([
    ['traceId=xyz', '/traceId'],
    ['template=pinned@0', '/template'],
    ['tag.=x', '/tag.'],
    ['tag.a=%00', '/tag.a'],
    ['tags=x', '/tags'],
    ['provider=%00', '/provider'],
    [Array.from({ length: 11 }, (_, n) => `tag.t${n}=1`).join('&'), '/tag.t10'],
  ])('refuses ?%s', async (query, path) => {
    expect(await list(query)).toMatchObject({ status: 422, errors: [{ path }] });
  });
});
