import { listUnfinished } from '../server/src/lib/db/deliveries-unfinished.ts';
import type { Database } from '../server/src/lib/db/database.ts';
import { listMessages } from '../server/src/lib/db/messages-list.ts';
import { findMessage } from '../server/src/lib/db/messages.ts';
import { type NewMessage, type WriteUnit, writeUnits } from '../server/src/lib/db/messages-write.ts';
import { openPostgres } from '../server/src/lib/db/postgres.ts';
import { applyProviderEvents } from '../server/src/lib/db/provider-events.ts';
import { BUSY_CLIENT, fillTables } from '../server/test/support/many-rows.ts';
import { migrateDatabaseAt } from '../server/test/support/migrate.ts';
import { startPostgres } from '../server/test/support/postgres.ts';
import { cpuUsOf } from './delivery/process-cpu.ts';
import { measureScaleOut, SCALE_OUT_CAPTION, type ScaleOutSample } from './delivery/scale-out.ts';
import { toLineChart } from './plot.ts';
import { type BenchReport, percentile, round, toTable } from './report.ts';

/** What a table of messages holds on the first day, after a while, and after a good while. */
const SIZES = [10_000, 100_000, 1_000_000] as const;
/** And after years. To make it takes half an hour and 40 GB. */
const FULL_SIZES = [10_000, 1_000_000, 10_000_000] as const;
const ROUNDS = 5;
/** As many as fill a small machine. */
const MOST_WORKERS = 5;
/** PostgreSQL's CPU time comes in steps of 10 ms: so many that one of them is a few µs an operation. */
const OPERATIONS = 1000;
/** As many as one commit of the API holds under load. */
const BATCH = 50;

const OWNER = { clientId: BUSY_CLIENT, mode: 'live' } as const;

/** A full database, and messages that are in it, evenly spread. */
type Stage = { database: Database; ids: readonly { id: string; providerMessageId: string }[] };

type Operation = {
  name: string;
  title: string;
  /** For the picture, where there is less room. */
  plotLabel: string;
  run(stage: Stage, index: number): Promise<unknown>;
  messages: number;
};

const OPERATIONS_OF: readonly Operation[] = [
  // First, while as little waits as on a good day.
  {
    name: 'sweep',
    title: "reconciler's look (finds 2)",
    plotLabel: 'reconciler’s look',
    messages: 1,
    run: ({ database }) => listUnfinished(database, { idleMs: 0, after: null, limit: 2 }),
  },
  {
    name: 'accept',
    title: `accept (commits of ${BATCH})`,
    plotLabel: 'accept',
    messages: BATCH,
    run: ({ database }) => writeUnits(database, Array.from({ length: BATCH }, toUnit), null),
  },
  {
    name: 'list',
    title: 'first page of a list',
    plotLabel: 'first page',
    messages: 1,
    run: ({ database }) => listMessages(database.db, { owner: OWNER, filter: {}, before: null, limit: 20 }),
  },
  {
    name: 'lookUp',
    title: 'one message',
    plotLabel: 'one message',
    messages: 1,
    run: ({ database, ids }, index) => findMessage(database.db, ids[index % ids.length]?.id ?? '', OWNER),
  },
  {
    name: 'callback',
    title: 'event of a provider',
    plotLabel: 'provider’s event',
    messages: 1,
    run: ({ database, ids }, index) => applyProviderEvents(database, [toEvent(ids, index)]),
  },
];

/** CPU in µs of PostgreSQL for one message, by the size of the table. */
type Sizes = readonly number[];

type Measured = { operation: Operation; us: readonly number[] };

/** Measures what the database spends on one message while its table is small and large, in turn. */
export async function runScaleBench({ isFull = false }: { isFull?: boolean } = {}): Promise<BenchReport> {
  const sizes = isFull ? FULL_SIZES : SIZES;
  const postgres = await startPostgres();
  try {
    const stages: Stage[] = [];
    for (const rows of sizes) {
      const { url } = await postgres.createDatabase();
      await migrateDatabaseAt(url);
      await fillTables(url, rows);
      const database = openPostgres(url, { maxConnections: 1 });
      stages.push({ database, ids: await pickMessages(database) });
    }
    const measured: Measured[] = [];
    for (const operation of OPERATIONS_OF)
      measured.push({ operation, us: await measureRounds(postgres.pid, stages, operation) });
    await Promise.all(stages.map(({ database }) => database.close()));
    const report = toReport(measured, sizes);
    return isFull ? report : withScaleOut(report, await measureScaleOut(MOST_WORKERS));
  } finally {
    await postgres.stop();
  }
}

async function measureRounds(
  pid: number,
  stages: readonly Stage[],
  operation: Operation,
): Promise<readonly number[]> {
  const samples = stages.map((): number[] => []);
  for (let nth = 0; nth <= ROUNDS; nth += 1) {
    for (const [index, stage] of stages.entries()) {
      const us = await measure(pid, { stage, operation, nth });
      // The first warms caches and prepared statements.
      if (nth > 0) samples[index]?.push(us);
    }
  }
  return samples.map((values) => percentile(values, 0.5));
}

type Sample = { stage: Stage; operation: Operation; nth: number };

/** CPU in µs of PostgreSQL for one message. */
async function measure(pid: number, { stage, operation, nth }: Sample): Promise<number> {
  const times = operation.messages === 1 ? OPERATIONS : OPERATIONS / 20;
  const before = cpuUsOf(pid);
  for (let index = 0; index < times; index += 1) await operation.run(stage, nth * times + index);
  return (cpuUsOf(pid) - before) / (times * operation.messages);
}

/** A thousand that were handed over and are still without the last word, from the oldest to the newest. */
async function pickMessages(database: Database): Promise<Stage['ids']> {
  return database.query(
    `select id::text as "id", provider_msg_id as "providerMessageId" from (
      select id, provider_msg_id, row_number() over (order by id) as n, count(*) over () as all
      from messages where client_id = $1::uuid and mode = 'live' and status = 'sent'
    ) m where n % greatest(1, m.all / 1000) = 0`,
    [BUSY_CLIENT],
  );
}

function toEvent(ids: Stage['ids'], index: number) {
  const { id = '', providerMessageId = '' } = ids[index % ids.length] ?? {};
  return {
    type: 'opened' as const,
    provider: 'ses',
    providerMessageId,
    messageId: id,
    providerEventId: Bun.randomUUIDv7(),
    recipient: null,
    occurredAt: new Date(),
    detail: '',
  };
}

function toUnit(): WriteUnit {
  const id = Bun.randomUUIDv7();
  const row: NewMessage['row'] = {
    id,
    clientId: BUSY_CLIENT,
    mode: 'live',
    status: 'queued',
    traceId: id.replaceAll('-', ''),
    templateVersionId: null,
    templateName: null,
    templateVersion: null,
    props: null,
    locale: null,
    html: null,
    text: 'x',
    bodyBlob: null,
    givenSubject: 'x',
    subject: 'x',
    fromAddress: 'a@example.com',
    replyTo: [],
    headers: {},
    tags: {},
    metadata: {},
    recipient: `${id}@example.net`,
    priority: 'normal',
    scheduledAt: null,
    unsubscribeSecret: null,
    createdAt: new Date(),
  };
  const recipients = [{ kind: 'to' as const, email: row.recipient, name: null }];
  const message = { row, recipients, attachments: [], job: null };
  const answer = { status: 202, response: '' };
  return { messages: [message], claim: null, usage: null, isWhole: true, answer: () => answer };
}

function toReport(measured: readonly Measured[], sizes: Sizes): BenchReport {
  const header = ['CPU µs of PostgreSQL', ...sizes.map((size) => `${size.toLocaleString('en-GB')} messages`)];
  const rows = measured.map(({ operation, us }) => [
    operation.title,
    ...us.map((value) => value.toFixed(0)),
    `${growth(us).toFixed(2)} x`,
  ]);
  const figures = measured.map(({ operation, us }) => [
    operation.name,
    { us: us.map(round), ratio: round(growth(us)) },
  ]);
  const plot = toLineChart({
    name: 'scale',
    title: 'Cost of a message as its table grows',
    xLabel: 'messages in the table',
    yLabel: 'CPU µs of PostgreSQL',
    xs: sizes,
    series: measured.map(({ operation, us }) => ({ label: operation.plotLabel, values: us })),
  });
  return {
    table: toTable([[...header, 'grows'], ...rows]),
    figures: { sizes: [...sizes], ...Object.fromEntries(figures) },
    plots: [plot],
  };
}

function withScaleOut(report: BenchReport, samples: readonly ScaleOutSample[]): BenchReport {
  const one = samples[0]?.messagesPerS ?? Number.NaN;
  const rows = samples.map(({ workers, messagesPerS }) => [
    String(workers),
    messagesPerS.toFixed(0),
    `${(messagesPerS / one).toFixed(2)} x`,
  ]);
  const plot = toLineChart({
    name: 'scale-out',
    title: `Workers side by side: ${SCALE_OUT_CAPTION}`,
    xLabel: 'workers',
    yLabel: 'messages/s',
    xs: samples.map(({ workers }) => workers),
    series: [
      { label: 'delivered', values: samples.map(({ messagesPerS }) => messagesPerS) },
      { label: 'so many times one', values: samples.map(({ workers }) => one * workers) },
    ],
  });
  return {
    table: `${report.table}\n\n${toTable([[`workers; ${SCALE_OUT_CAPTION}`, 'messages/s', 'of one'], ...rows])}`,
    figures: { ...report.figures, scaleOut: samples.map(({ messagesPerS }) => round(messagesPerS)) },
    plots: [...(report.plots ?? []), plot],
  };
}

/** How many times as much the largest table costs as the smallest. */
function growth(us: readonly number[]): number {
  return (us.at(-1) ?? Number.NaN) / (us[0] ?? Number.NaN);
}
