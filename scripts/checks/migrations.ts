import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readMigrations } from '../../server/src/lib/db/schema-guard.ts';
import { type CheckOutcome, toOutcome } from './check.ts';

const FOLDER = 'server/src/db/migrations';

/** What came before the first release: nobody has an older program than this to go on with. */
const LAST_BEFORE_RELEASE = 5;

/** One migration as its author wrote it. */
export type Migration = { tag: string; when: number; text: string };

/**
 * What the release before a migration can live with; server/test/upgrade.test.ts does each of these to a running service.
 * Everything else takes two releases: the first stops using what the second removes.
 */
const ADDITIONS: readonly RegExp[] = [
  /^create (table|type|schema|extension|sequence|function|or replace function|trigger|or replace trigger|view)\b/,
  /^create index\b/,
  /^drop index\b/,
  /^alter type \S+ add value\b/,
  /^alter table \S+ add column \S+ (?!.*\bnot null\b)/,
  /^alter table \S+ add column \S+ .*\bdefault\b/,
  /^alter table \S+ set \(/,
  /^(insert|update|delete|with|select|comment on|do) /,
];

/** A unique index or a constraint is an addition on a table that nobody has written to yet. */
const ON_TABLE: readonly RegExp[] = [
  /^create unique index .*? on (\S+)/,
  /^alter table (\S+) add constraint\b/,
];

/** `-- safe: ...` before a statement says why the release before it does not mind. */
const WAIVER = /^\s*--\s*safe:\s*\S.*$/m;

function toPlain(statement: string): string {
  return statement
    .replaceAll(/--.*$/gm, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll('"public".', '')
    .trim()
    .toLowerCase();
}

/** Statements of a migration that the release before it could not live with. */
export function findBreakingStatements({ tag, text }: Migration): string[] {
  const statements = text.split('--> statement-breakpoint');
  const created = new Set(
    statements.flatMap((statement) => /^create table (\S+)/.exec(toPlain(statement))?.[1] ?? []),
  );
  return statements.flatMap((statement) => {
    const plain = toPlain(statement);
    if (plain === '' || plain === ';' || WAIVER.test(statement)) return [];
    if (ADDITIONS.some((pattern) => pattern.test(plain))) return [];
    const table = ON_TABLE.map((pattern) => pattern.exec(plain)?.[1]).find(Boolean);
    if (table && created.has(table)) return [];
    return [
      `${tag}: the release before it may not live with "${plain.slice(0, 100)}": do it in two releases, or say why not in a line "-- safe: ..." above it`,
    ];
  });
}

/** Numbers with gaps or twice, and times that do not grow: drizzle leaves out what is older than the last it has applied. */
export function findDisorder(migrations: readonly Migration[]): string[] {
  return migrations.flatMap(({ tag, when }, index) => {
    const complaints: string[] = [];
    if (Number(tag.split('_')[0]) !== index) complaints.push(`${tag}: is number ${index} in the journal`);
    const before = migrations[index - 1];
    if (before && before.when >= when) {
      complaints.push(
        `${tag}: its time in the journal is not after ${before.tag}'s, so drizzle would leave it out`,
      );
    }
    return complaints;
  });
}

/** Files without an entry are never run. */
function findUnlisted(migrations: readonly Migration[]): string[] {
  const listed = new Set(migrations.map(({ tag }) => `${tag}.sql`));
  const files = [...new Bun.Glob('*.sql').scanSync(FOLDER)];
  return files.filter((file) => !listed.has(file)).map((file) => `${file}: is not in the journal`);
}

/** Migrations go forward only, and an old release runs on what they make. */
export async function checkMigrations(): Promise<CheckOutcome> {
  const migrations = readMigrations(FOLDER).map(({ tag, when }) => ({
    tag,
    when,
    text: readFileSync(join(FOLDER, `${tag}.sql`), 'utf8'),
  }));
  const complaints = [
    ...findDisorder(migrations),
    ...findUnlisted(migrations),
    ...migrations.slice(LAST_BEFORE_RELEASE + 1).flatMap(findBreakingStatements),
  ];
  return toOutcome(complaints, `${migrations.length} migrations`);
}
