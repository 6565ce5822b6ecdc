import { describe, expect, test } from 'bun:test';
import { DrizzleQueryError } from 'drizzle-orm';
import { serializeError } from './serialize-error.ts';

describe('errors in the log', () => {
  test('an ordinary error keeps its message, code and stack', () => {
    const error = Object.assign(new TypeError('no such thing'), { code: 'ENOENT' });
    expect(serializeError(error)).toMatchObject({
      type: 'TypeError',
      message: 'no such thing',
      code: 'ENOENT',
      stack: expect.stringContaining('at '),
    });
  });

  test('a failed statement is told without its values', () => {
    const cause = Object.assign(new Error('duplicate key (hunter2)'), {
      code: '23505',
      constraint_name: 'clients_name',
      detail: 'hunter2',
      severity: 'ERROR',
    });
    const logged = serializeError(
      new DrizzleQueryError('insert into clients values ($1)', ['hunter2'], cause),
    );
    expect(logged).toMatchObject({
      message: 'failed statement: insert into clients values ($1)',
      code: '23505',
      constraint: 'clients_name',
    });
    expect(JSON.stringify(logged)).not.toContain('hunter2');
  });

  test("the driver's own error is told without its text", () => {
    const error = Object.assign(new Error('invalid input syntax: "hunter2"'), {
      severity: 'ERROR',
      code: '22P02',
    });
    expect(JSON.stringify(serializeError(error))).not.toContain('hunter2');
    expect(serializeError(error)).toMatchObject({ code: '22P02' });
  });
});
