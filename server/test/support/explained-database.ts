import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import * as schema from '../../src/db/schema.ts';
import type { Database } from '../../src/lib/db/database.ts';
import { LOOK_UPS } from '../../src/lib/db/postgres.ts';

/** What the planner would do for one statement. */
export type Plan = {
  statement: string;
  /** Tables that would be read from end to end. */
  scanned: string[];
  indexes: string[];
  /** Indexes that would be read from end to end. */
  walked: string[];
};

/** A database that explains what is run on it. */
export type ExplainedDatabase = {
  /** Without transactions: what is written stays. */
  database: Database;
  /** The plans of every statement that `work` runs, with the values it gives. */
  plansOf(work: () => Promise<unknown>): Promise<Plan[]>;
  close(): Promise<void>;
};

type Statement = { text: string; params: postgres.ParameterOrJSON<never>[]; isLookUp: boolean };

export function openExplained(url: string): ExplainedDatabase {
  const client = postgres(url, { max: 2, onnotice: () => {} });
  const lookUps = postgres(url, { max: 1, connection: LOOK_UPS });
  const statements: Statement[] = [];
  const db = drizzle(recording(client, statements), { schema });
  const refuse = async () => Promise.reject(new Error('only statements are explained'));
  return {
    database: {
      db,
      transaction: (work) => work(db),
      async query<Row extends object>(text: string, params: readonly (string | number | null)[]) {
        statements.push({ text, params: [...params], isLookUp: true });
        return [...(await lookUps.unsafe<Row[]>(text, [...params]))];
      },
      ping: refuse,
      migrate: refuse,
      close: refuse,
    },
    async plansOf(work) {
      statements.length = 0;
      await work();
      const plans: Plan[] = [];
      for (const { text, params, isLookUp } of statements) {
        const rows = await (isLookUp ? lookUps : client).unsafe(`explain (format json) ${text}`, params);
        plans.push({ statement: text, ...readPlan(rows[0]?.['QUERY PLAN']) });
      }
      return plans;
    },
    async close() {
      await Promise.all([client.end({ timeout: 5 }), lookUps.end({ timeout: 5 })]);
    },
  };
}

/** The same client, but it writes down every statement: both ways to run one end in `unsafe`. */
function recording(client: postgres.Sql, statements: Statement[]): postgres.Sql {
  return new Proxy(client, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (name !== 'unsafe' || typeof value !== 'function') return value;
      return (text: string, params: Statement['params'] = [], options: unknown = {}) => {
        statements.push({ text, params, isLookUp: false });
        return Reflect.apply(value, target, [text, params, options]);
      };
    },
  });
}

/** Walks the plan as PostgreSQL describes it: nodes within nodes. */
function readPlan(node: unknown): Omit<Plan, 'statement'> {
  const found: Omit<Plan, 'statement'> = { scanned: [], indexes: [], walked: [] };
  const visit = (part: unknown): void => {
    if (typeof part !== 'object' || part === null) return;
    const type: unknown = Reflect.get(part, 'Node Type');
    const table: unknown = Reflect.get(part, 'Relation Name');
    const index: unknown = Reflect.get(part, 'Index Name');
    if (type === 'Seq Scan' && typeof table === 'string') found.scanned.push(table);
    if (typeof index === 'string') found.indexes.push(index);
    if (typeof index === 'string' && isRead(type) && !Reflect.has(part, 'Index Cond'))
      found.walked.push(index);
    for (const inner of Object.values(part)) visit(inner);
  };
  visit(node);
  return found;
}

/** An insert names indexes too, those that it checks for conflicts. */
function isRead(nodeType: unknown): boolean {
  return typeof nodeType === 'string' && /^(Index|Index Only|Bitmap Index) Scan$/.test(nodeType);
}
