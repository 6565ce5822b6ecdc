import { afterAll, beforeAll, expect, test } from 'bun:test';
import { createClient, describeOnBothProfiles, startSystem, type TestSystem } from './support/system.ts';

describeOnBothProfiles('the suppression list', (profile) => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await startSystem(profile);
  }, 60_000);

  afterAll(() => system.stop());

  const newClient = () => createClient(system.call, system.keys.admin);
  const add = (key: string, email: unknown) =>
    system.call('POST', '/v1/suppressions', { key, body: { email } });
  const list = async (key: string, query = '') => {
    const { status, body } = await system.call('GET', `/v1/suppressions${query}`, { key });
    const data: unknown[] = Array.isArray(body.data) ? body.data : [];
    const emails = data.map((item) =>
      typeof item === 'object' && item && 'email' in item ? item.email : null,
    );
    return { status, body, data, emails };
  };
  const remove = (key: string, which: string) =>
    system.call('DELETE', `/v1/suppressions/${encodeURIComponent(which)}`, { key });

  test('an address is added once, however it is written', async () => {
    const { live } = await newClient();
    const first = await add(live, 'Ada <Ada.Lovelace@Example.NET>');
    expect([first.status, first.body]).toMatchObject([
      201,
      { email: 'ada.lovelace@example.net', reason: 'manual', messageId: null },
    ]);
    const again = await add(live, 'ADA.LOVELACE@example.net');
    expect([again.status, again.body]).toEqual([200, first.body]);
    expect((await list(live)).data).toEqual([first.body]);
  });

  test('many at once add one', async () => {
    const { live } = await newClient();
    const answers = await Promise.all(Array.from({ length: 10 }, () => add(live, 'same@example.net')));
    expect(answers.map(({ status }) => status).sort()).toEqual([
      ...Array.from({ length: 9 }, () => 200),
      201,
    ]);
    expect((await list(live)).emails).toEqual(['same@example.net']);
  });

  test('an address that is taken off in the same moment is asked for again', async () => {
    const { live } = await newClient();
    // Neither added nor found, as where somebody removes it between the two.
    await system.database.query(
      `
      create function skip_row() returns trigger language plpgsql as 'begin return null; end'`,
      [],
    );
    await system.database.query(
      `
      create trigger skip_racing before insert on suppressions for each row
      when (new.email = 'racing@example.net') execute function skip_row()`,
      [],
    );
    const answer = await add(live, 'racing@example.net');
    expect([answer.status, answer.body.code]).toEqual([503, 'service_unavailable']);
    expect(answer.headers.get('retry-after')).toBe('1');
  });

  test('is listed newest first, in pages, and by address or reason', async () => {
    const { live } = await newClient();
    const emails = ['a@example.net', 'b@example.net', 'c@example.net'];
    for (const email of emails) await add(live, email);
    const first = await list(live, '?limit=2');
    const second = await list(live, `?limit=2&cursor=${String(first.body.nextCursor)}`);
    expect([...first.emails, ...second.emails]).toEqual(emails.toReversed());
    expect(second.body.nextCursor).toBeNull();
    expect((await list(live, '?email=B%40EXAMPLE.net')).emails).toEqual(['b@example.net']);
    expect((await list(live, '?reason=manual')).emails).toHaveLength(3);
    expect((await list(live, '?reason=complaint')).emails).toEqual([]);
  });

  test('an address is removed by its id or by itself, and the log says so without it', async () => {
    const { live } = await newClient();
    const { body } = await add(live, 'one@example.net');
    await add(live, 'two@example.net');
    expect((await remove(live, String(body.id))).status).toBe(204);
    expect((await remove(live, 'TWO@example.net')).status).toBe(204);
    expect((await remove(live, 'two@example.net')).status).toBe(404);
    expect((await list(live)).emails).toEqual([]);
    const lines = system.logLines.filter((line) => line.includes('a suppression was removed'));
    expect(lines.some((line) => line.includes(String(body.id)))).toBe(true);
    expect(lines.join()).not.toContain('one@example.net');
  });

  test("each client has its own, and nobody touches another's", async () => {
    const [one, two] = [await newClient(), await newClient()];
    const { body } = await add(one.live, 'mine@example.net');
    expect((await list(two.live)).emails).toEqual([]);
    expect((await remove(two.live, String(body.id))).status).toBe(404);
    expect((await remove(two.live, 'mine@example.net')).status).toBe(404);
    expect((await add(two.live, 'mine@example.net')).status).toBe(201);
    expect((await list(one.live)).emails).toEqual(['mine@example.net']);
  });

  test('a test key neither sees nor changes what live mail obeys', async () => {
    const client = await newClient();
    await add(client.live, 'kept@example.net');
    for (const answer of [
      await add(client.test, 'x@example.net'),
      await remove(client.test, 'kept@example.net'),
      await list(client.test),
    ])
      expect([answer.status, answer.body.code]).toEqual([403, 'live_key_required']);
    expect((await add(system.keys.admin, 'x@example.net')).status).toBe(403);
    expect((await system.call('GET', '/v1/suppressions')).status).toBe(401);
    expect((await list(client.live)).emails).toEqual(['kept@example.net']);
  });

  test.each([
    'nobody',
    'a@b@example.net',
    'a@example.net, b@example.net',
    'a@example.net\r\nb@example.net',
    'a\0@example.net',
    '\uD800@example.net',
    "x'); drop table suppressions; --@example.net",
    '',
    7,
  ])('refuses %j', async (email) => {
    const client = await newClient();
    expect((await add(client.live, email)).status).toBe(422);
    expect((await list(client.live)).emails).toEqual([]);
    if (typeof email !== 'string' || !email.isWellFormed() || email === '') return;
    // No path holds NUL, so that there is no such resource whatever the route.
    expect((await remove(client.live, email)).status).toBe(email.includes('\0') ? 404 : 422);
  });

  test.each(['?email=x', '?reason=spite', '?mail=a@example.net', '?email=a%00%40example.net'])(
    'refuses the query %s',
    async (query) => {
      expect((await list(system.keys.live, query)).status).toBe(422);
    },
  );
});
