import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { tmpdir } from 'node:os';
import { isMissing } from '../../server/test/support/requires.ts';
import { toFormatted } from './formatted-json.ts';
import { createNormaliser } from './normalise.ts';
import { openShell, type Shell, toAnswerBlock } from './shell.ts';

describe.skipIf(isMissing('bash', 'curl'))('the shell of a page', () => {
  let shell: Shell;
  let server: Bun.Server<undefined>;

  beforeAll(() => {
    shell = openShell({ PATH: process.env['PATH'] ?? '' }, tmpdir());
    server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response('no', { status: 422 }) });
  });

  afterAll(async () => {
    await shell.close();
    await server.stop(true);
  });

  test('keeps what a piece sets for the next one', async () => {
    await shell.run('name=Ada');
    expect((await shell.run('echo "Hello $name"')).shown).toBe('Hello Ada\n');
  });

  test('tells each status that curl is content with', async () => {
    const { shown, statuses } = await shell.run(`curl ${server.url}; curl ${server.url}`);
    expect({ shown, statuses }).toEqual({ shown: 'nono', statuses: [422, 422] });
  });

  test('throws where a command fails, and goes on', async () => {
    await expect(shell.run('false')).rejects.toThrow('ended with 1');
    expect((await shell.run('echo on')).shown).toBe('on\n');
  });
});

test('an answer is shown with its headers, and JSON with line breaks', () => {
  expect(toAnswerBlock('{"a":[]}')).toBe('```json\n{\n  "a": []\n}\n```');
  expect(toAnswerBlock('HTTP/1.1 200 OK\r\nx: y\r\n\r\n{"a":1}')).toBe(
    '```http\nHTTP/1.1 200 OK\nx: y\n\n{\n  "a": 1\n}\n```',
  );
  expect(toAnswerBlock('HTTP/1.1 204 No Content\r\nx: y\r\n\r\n')).toBe(
    '```http\nHTTP/1.1 204 No Content\nx: y\n```',
  );
  expect(toAnswerBlock('words')).toBe('```text\nwords\n```');
});

test('what is formatted is the same value', () => {
  const value = { a: [1, 'x'.repeat(120), { b: {} }], c: null, d: [[], [true]] };
  expect(JSON.parse(toFormatted(JSON.stringify(value)) ?? '')).toEqual(value);
  expect(toFormatted('words')).toBeNull();
});

test('a stand-in for an id or a cursor leads back to it', () => {
  const { toStandIns, toReal } = createNormaliser('/nowhere');
  const id = Bun.randomUUIDv7();
  const page = `{"data":[],"nextCursor":"${Buffer.from(id).toString('base64url')}"}`;
  expect(toStandIns(id)).toBe('01a1fcb2-31de-7043-a58c-000000000001');
  expect(toStandIns(page)).not.toContain(Buffer.from(id).toString('base64url'));
  expect([toReal(toStandIns(id)), toReal(toStandIns(page))]).toEqual([id, page]);
  expect(toStandIns(toReal('2026-11-22T08:00:00.000Z'))).toBe('2026-11-22T08:00:00.000Z');
});
