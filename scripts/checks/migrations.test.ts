import { describe, expect, test } from 'bun:test';
import { findBreakingStatements, findDisorder } from './migrations.ts';

const migration = (...statements: string[]) => ({
  tag: '0007_x',
  when: 7,
  text: statements.join('--> statement-breakpoint\n'),
});

describe('a migration', () => {
  test.each([
    ['a table', 'CREATE TABLE "notes" ("id" uuid PRIMARY KEY NOT NULL);'],
    ['a column that may be null', 'ALTER TABLE "messages" ADD COLUMN "note" text;'],
    ['a column with a default', 'ALTER TABLE "messages" ADD COLUMN "n" integer DEFAULT 0 NOT NULL;'],
    ['an index', 'CREATE INDEX "i" ON "messages" USING btree ("id");'],
    ['a value of an enum', `ALTER TYPE "public"."message_status" ADD VALUE 'lost';`],
    ['rows', `-- why\nUPDATE "messages" SET "note" = '';`],
    [
      'what says why it is safe',
      '-- safe: nobody reads it since 1.2\nALTER TABLE "messages" DROP COLUMN "note";',
    ],
  ])('may add %s', (_what, statement) => {
    expect(findBreakingStatements(migration(statement))).toEqual([]);
  });

  test.each([
    'ALTER TABLE "messages" ADD COLUMN "n" integer NOT NULL;',
    'ALTER TABLE "messages" DROP COLUMN "subject";',
    'ALTER TABLE "messages" RENAME COLUMN "subject" TO "title";',
    'ALTER TABLE "messages" ALTER COLUMN "subject" SET NOT NULL;',
    'ALTER TABLE "messages" ALTER COLUMN "subject" SET DATA TYPE integer;',
    'ALTER TABLE "messages" ADD CONSTRAINT "c" CHECK (true);',
    'CREATE UNIQUE INDEX "u" ON "messages" USING btree ("subject");',
    'DROP TABLE "messages";',
    'TRUNCATE messages;',
  ])('may not do this to what the release before it uses: %s', (statement) => {
    expect(findBreakingStatements(migration(statement))).toHaveLength(1);
  });

  test('may constrain a table that it makes itself', () => {
    const statements = [
      'CREATE TABLE "notes" ("id" uuid);',
      'ALTER TABLE "notes" ADD CONSTRAINT "c" CHECK (true);',
      'CREATE UNIQUE INDEX "u" ON "notes" USING btree ("id");',
    ];
    expect(findBreakingStatements(migration(...statements))).toEqual([]);
  });
});

test('migrations are numbered without a gap, in the order of their times', () => {
  const at = (tag: string, when: number) => ({ tag, when, text: '' });
  expect(findDisorder([at('0000_a', 1), at('0001_b', 2)])).toEqual([]);
  expect(findDisorder([at('0000_a', 1), at('0002_b', 2)])).toHaveLength(1);
  expect(findDisorder([at('0000_a', 2), at('0001_b', 1)])).toHaveLength(1);
});
