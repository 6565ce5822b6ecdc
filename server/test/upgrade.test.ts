import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { sql } from 'drizzle-orm';
import { openPostgres } from '../src/lib/db/postgres.ts';
import { migrateDatabaseAt } from './support/migrate.ts';
import { isMissing } from './support/requires.ts';
import { startServiceProcess } from './support/service-process.ts';
import { createStorage, startSystem, type TestStorage, type TestSystem } from './support/system.ts';

const ROLE = { SERVICE_ROLE: 'API', PORT: '0', HOST: '127.0.0.1', SHUTDOWN_DRAIN_MS: '0' };

describe.skipIf(isMissing('initdb', 'postgres', 'redis-server'))('the schema at the start', () => {
  let storage: TestStorage;
  const databaseUrl = () => storage.env['DATABASE_URL'] ?? '';
  beforeAll(async () => {
    storage = await createStorage('production');
  });
  afterAll(() => storage.release());

  const start = () => startServiceProcess({ ...ROLE, ...storage.env });

  test('refuses a database that was never migrated, and says what to do', async () => {
    await expect(start()).rejects.toThrow(/schema of the database is older.*"mailctl migrate"/);
  });

  test('refuses one that lacks the last migration, and names it', async () => {
    await migrateDatabaseAt(databaseUrl());
    const database = openPostgres(databaseUrl());
    await database.db.execute(sql`create table kept as select * from drizzle.__drizzle_migrations`);
    await database.db.execute(sql`delete from drizzle.__drizzle_migrations
      where created_at = (select max(created_at) from drizzle.__drizzle_migrations)`);
    await expect(start()).rejects.toThrow(/a migration is missing \(\d{4}_\w+\)/);
    await database.db.execute(sql`delete from drizzle.__drizzle_migrations`);
    await database.db.execute(sql`insert into drizzle.__drizzle_migrations select * from kept`);
    await database.close();
  });

  test('takes one of a later release, as after a rollback, and migrating leaves it alone', async () => {
    const database = openPostgres(databaseUrl());
    await database.db.execute(sql`insert into drizzle.__drizzle_migrations (hash, created_at)
      select 'of a later release', max(created_at) + 1 from drizzle.__drizzle_migrations`);
    await migrateDatabaseAt(databaseUrl());
    const service = await start();
    expect(await fetch(`${service.url}/readyz`)).toMatchObject({ status: 200 });
    expect(service.logTail()).toContain('belongs to a later release');
    await service.stop('SIGTERM');
    await database.close();
  }, 60_000);
});

/** Every addition that scripts/checks/migrations.ts lets a migration make, made to everything there is. */
const LATER_RELEASE = [
  `do $$ declare t record; begin
    for t in select table_name as name from information_schema.tables
      where table_schema = 'public' and table_type = 'BASE TABLE' loop
      execute format('alter table %I add column later_null text', t.name);
      execute format('alter table %I add column later_default integer default 7 not null', t.name);
      execute format('create index on %I (later_default)', t.name);
      execute format('alter table %I set (fillfactor = 90)', t.name);
    end loop;
  end $$`,
  `do $$ declare t record; begin
    for t in select typname as name from pg_type join pg_namespace n on n.oid = typnamespace
      where typtype = 'e' and nspname = 'public' loop
      execute format('alter type %I add value %L', t.name, 'later_value');
    end loop;
  end $$`,
  `create table later_table (id uuid primary key references messages (id) on delete cascade)`,
  `create function later_function() returns trigger language plpgsql as $$ begin
    insert into later_table (id) values (new.id); return null; end $$`,
  `create trigger later_trigger after insert on messages for each row execute function later_function()`,
  `update messages set later_null = 'filled'`,
];

const TEMPLATE = `import { Html, Text } from 'react-email';
export default ({ name }: { name: string }) => <Html><Text>Hello {name}</Text></Html>;`;

describe.skipIf(isMissing('initdb', 'postgres', 'redis-server'))('this release on a later schema', () => {
  let system: TestSystem;
  beforeAll(async () => {
    system = await startSystem('production');
  });
  afterAll(() => system.stop());

  /** Everything that a caller does in a day. */
  const useEverything = async (round: string) => {
    const { call, send, keys } = system;
    const get = (path: string, key = keys.live) => call('GET', path, { key });
    const pushed = await system.pushTemplate(`hello-${round}`, TEMPLATE);
    const sent = [
      await send({
        to: 'a@example.net',
        template: `hello-${round}`,
        props: { name: 'Ada' },
        tags: { round },
      }),
      await send({ to: 'b@example.net', subject: 'x', html: '<p>x</p>', priority: 'high' }),
      await send({
        to: 'c@example.net',
        subject: 'x',
        text: 'x',
        attachments: [{ filename: 'a.txt', content: 'aGVsbG8=' }],
      }),
    ];
    const ended = await Promise.all(sent.map((id) => system.waitUntilEnded(id)));
    const later = await send({
      to: 'd@example.net',
      subject: 'x',
      text: 'x',
      scheduledAt: new Date(Date.now() + 3_600_000).toISOString(),
    });
    const [first = ''] = sent;
    const answers = [
      await call('POST', `/v1/messages/${later}/cancel`, { key: keys.live }),
      await call('POST', '/v1/suppressions', { key: keys.live, body: { email: `s-${round}@example.net` } }),
      await call('POST', `/v1/clients/${system.clientId}/keys`, {
        key: keys.admin,
        body: { name: 'k', mode: 'live' },
      }),
      await get(`/v1/messages?tag.round=${round}`),
      await get(`/v1/messages/${first}/events`),
      await get(`/v1/messages/${first}/content`),
      await get(`/v1/templates/hello-${round}`),
      await get('/v1/suppressions'),
      await get('/v1/stats'),
      await get('/v1/clients', keys.admin),
      await get('/v1/queue', keys.admin),
      await get('/readyz'),
    ];
    return {
      states: ended.map(({ status, attempts }) => ({ status, attempts })),
      answers: [pushed, ...answers].map(({ status, body }) => (status < 300 ? 'ok' : { status, body })),
    };
  };

  test('does all that it does on its own, with statements that it prepared before', async () => {
    const own = await useEverything('own');
    expect(own.states).toEqual(Array.from({ length: 3 }, () => ({ status: 'sent', attempts: 1 })));
    expect(own.answers).toEqual(own.answers.map(() => 'ok'));
    for (const statement of LATER_RELEASE) await system.database.db.execute(sql.raw(statement));
    expect(await useEverything('later')).toEqual(own);
  }, 120_000);
});
