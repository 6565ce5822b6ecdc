import { afterAll, beforeAll, expect, test } from 'bun:test';
import { postmarkRecord, resendRecord, signAsSvix } from '../src/lib/providers/callback-test-records.ts';
import { insertHandedOver } from './support/handed-over.ts';
import { describeOnBothProfiles, startSystem, type TestSystem } from './support/system.ts';

const POSTMARK_SECRETS = ['first-postmark-secret', 'second-postmark-secret'];
const RESEND_SECRETS = ['whsec_plJ3nmyCDGBKInavdOK15jsl', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'];
const [POSTMARK_SECRET = '', NEXT_POSTMARK_SECRET = ''] = POSTMARK_SECRETS;
const [RESEND_SECRET = '', NEXT_RESEND_SECRET = ''] = RESEND_SECRETS;
const MANY = 1000;

describeOnBothProfiles('callbacks of Postmark and Resend', (profile) => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await startSystem(profile, {
      POSTMARK_WEBHOOK_SECRET: POSTMARK_SECRETS.join(', '),
      RESEND_WEBHOOK_SECRET: RESEND_SECRETS.join(','),
    });
  }, 60_000);

  afterAll(() => system.stop());

  const create = async (provider: string, recipients = ['ada@example.net']): Promise<string> => {
    const id = Bun.randomUUIDv7();
    await insertHandedOver(system.database, [id], { clientId: system.clientId, provider, recipients });
    return id;
  };
  const find = async (id: string) =>
    (await system.call('GET', `/v1/messages/${id}`, { key: system.keys.live })).body;
  const post = (path: string, body: string, headers: Record<string, string>) =>
    system.call('POST', path, { body, headers });
  const postPostmark = (record: unknown, headers = { 'x-webhook-secret': POSTMARK_SECRET }) =>
    post('/webhooks/postmark', JSON.stringify(record), headers);
  const postResend = (record: unknown, secret = RESEND_SECRET) => {
    const body = JSON.stringify(record);
    return post('/webhooks/resend', body, signAsSvix(body, { secret }));
  };
  const ofPostmark = (type: Parameters<typeof postmarkRecord>[0], id: string, change = {}) =>
    postmarkRecord(type, { MessageID: `pm-${id}`, Metadata: { message_id: id }, ...change });
  const ofResend = (type: string, id: string, data = {}) =>
    resendRecord(type, { email_id: `re-${id}`, tags: { message_id: id }, ...data });

  test('a delivery moves its message, which is known by the provider’s own id from then on', async () => {
    const [one, two] = [await create('postmark'), await create('resend')];
    expect((await postPostmark(ofPostmark('Delivery', one))).body).toEqual({
      applied: 1,
      repeated: 0,
      unmatched: 0,
    });
    expect((await postResend(ofResend('email.delivered', two))).body).toMatchObject({ applied: 1 });
    expect(await find(one)).toMatchObject({ status: 'delivered', providerMessageId: `pm-${one}` });
    expect(await find(two)).toMatchObject({ status: 'delivered', providerMessageId: `re-${two}` });
    const complaint = ofPostmark('SpamComplaint', one, { Metadata: {} });
    expect((await postPostmark(complaint)).body).toMatchObject({ applied: 1 });
    expect(await find(one)).toMatchObject({ status: 'spam' });
  });

  test('a hard bounce suppresses, a soft one does not, and a click moves nothing', async () => {
    const [hard, soft, clicked] = [
      await create('postmark', ['hard@example.net']),
      await create('resend', ['soft@example.net']),
      await create('postmark', ['click@example.net']),
    ];
    await postPostmark(ofPostmark('Bounce', hard, { Email: 'Hard@Example.net' }));
    const bounce = { type: 'Transient', subType: 'MailboxFull', message: 'full' };
    await postResend(ofResend('email.bounced', soft, { to: ['soft@example.net'], bounce }));
    await postPostmark(ofPostmark('Click', clicked, { Recipient: 'click@example.net' }));
    expect(await Promise.all([hard, soft, clicked].map(find))).toMatchObject([
      { status: 'bounced' },
      { status: 'bounced', lastError: 'Transient MailboxFull full' },
      { status: 'sent' },
    ]);
    expect(await system.timelineOf(clicked)).toEqual(['handed_over', 'clicked']);
    const { body } = await system.call('GET', '/v1/suppressions?limit=100', { key: system.keys.live });
    const list = JSON.stringify(body);
    expect(list).toContain('hard@example.net');
    expect(list).not.toContain('soft@example.net');
  });

  test('replayed, or told out of order, it changes nothing', async () => {
    const id = await create('resend');
    const body = JSON.stringify(ofResend('email.complained', id));
    const headers = signAsSvix(body, { secret: RESEND_SECRET });
    const answers = [
      await post('/webhooks/resend', body, headers),
      await post('/webhooks/resend', body, headers),
      await postResend(ofResend('email.complained', id)),
      await postResend(ofResend('email.delivered', id)),
    ];
    expect(answers.map(({ body: counts }) => [counts.applied, counts.repeated])).toEqual([
      [1, 0],
      [0, 1],
      [0, 1],
      [1, 0],
    ]);
    expect(await find(id)).toMatchObject({ status: 'spam' });
  });

  test('either secret is believed while one follows another, and basic authentication too', async () => {
    const [one, two, three] = [await create('postmark'), await create('postmark'), await create('resend')];
    const basic = Buffer.from(`anybody:${NEXT_POSTMARK_SECRET}`).toString('base64');
    const answers = [
      await postPostmark(ofPostmark('Delivery', one), { 'x-webhook-secret': NEXT_POSTMARK_SECRET }),
      await post('/webhooks/postmark', JSON.stringify(ofPostmark('Delivery', two)), {
        authorization: `Basic ${basic}`,
      }),
      await postResend(ofResend('email.delivered', three), NEXT_RESEND_SECRET),
    ];
    expect(answers.map(({ body }) => body.applied)).toEqual([1, 1, 1]);
  });

  test('nothing that is forged, old or another’s has any effect', async () => {
    const [one, two] = [await create('postmark'), await create('resend')];
    const postmark = JSON.stringify(ofPostmark('Bounce', one));
    const resend = JSON.stringify(ofResend('email.bounced', two));
    const genuine = signAsSvix(resend, { secret: RESEND_SECRET });
    const stranger = 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
    const minutes = (n: number) => new Date(Date.now() + n * 60_000);
    const answers = [
      await post('/webhooks/postmark', postmark, {}),
      await post('/webhooks/postmark', postmark, { 'x-webhook-secret': 'another-postmark-secret' }),
      await post('/webhooks/postmark', postmark, { 'x-webhook-secret': POSTMARK_SECRETS.join(', ') }),
      await post('/webhooks/postmark', postmark, { authorization: `Bearer ${POSTMARK_SECRET}` }),
      await post('/webhooks/postmark', postmark, { 'x-api-key': system.keys.admin }),
      await post('/webhooks/postmark', resend, genuine),
      await post('/webhooks/resend', resend, {}),
      await post('/webhooks/resend', resend, { 'x-webhook-secret': POSTMARK_SECRET }),
      await post('/webhooks/resend', `${resend} `, genuine),
      await post('/webhooks/resend', resend, { ...genuine, 'svix-id': 'msg_other' }),
      await post('/webhooks/resend', resend, signAsSvix(resend, { secret: stranger })),
      await post('/webhooks/resend', resend, signAsSvix(resend, { secret: RESEND_SECRET, at: minutes(-6) })),
      await post('/webhooks/resend', resend, signAsSvix(resend, { secret: RESEND_SECRET, at: minutes(6) })),
    ];
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual(
      answers.map(() => [403, 'callback_refused']),
    );
    expect(JSON.stringify(answers)).not.toContain(POSTMARK_SECRET);
    expect([await system.timelineOf(one), await system.timelineOf(two)]).toEqual([
      ['handed_over'],
      ['handed_over'],
    ]);
  });

  test('another provider’s body, odd bytes and unknown mail are answered with 200 and change nothing', async () => {
    const id = await create('postmark');
    const headers = { 'x-webhook-secret': POSTMARK_SECRET };
    const foreign = await postPostmark(ofResend('email.bounced', id));
    const odd = await system.call('POST', '/webhooks/postmark', { body: '\u0000{"a":', headers });
    const unknown = await postResend(ofResend('email.delivered', Bun.randomUUIDv7()));
    // Genuine, but of a message that never went to Resend.
    const elsewhere = await postResend(ofResend('email.bounced', id));
    expect([foreign, odd, unknown, elsewhere].map(({ status, body }) => [status, body.applied])).toEqual(
      Array.from({ length: 4 }, () => [200, 0]),
    );
    expect([unknown.body.unmatched, elsewhere.body.unmatched]).toEqual([1, 1]);
    expect(await find(id)).toMatchObject({ status: 'sent' });
  });

  test(`${MANY} events in one call, each of them once`, async () => {
    const ids = Array.from({ length: MANY }, () => Bun.randomUUIDv7());
    await insertHandedOver(system.database, ids, { clientId: system.clientId, provider: 'postmark' });
    const batch = ids.map((id) => ofPostmark('Delivery', id));
    expect((await postPostmark(batch)).body).toEqual({ applied: MANY, repeated: 0, unmatched: 0 });
    expect((await postPostmark([...batch, ...batch.slice(0, 10)])).body).toMatchObject({ applied: 0 });
    expect(await find(ids.at(-1) ?? '')).toMatchObject({ status: 'delivered' });
  }, 60_000);

  test('a kind without a secret has no route', async () => {
    expect((await post('/webhooks/ses', '{}', { 'x-webhook-secret': POSTMARK_SECRET })).status).toBe(404);
  });
});
