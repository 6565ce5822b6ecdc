import { describe, expect, test } from 'bun:test';
import { createLogger } from './logger.ts';

function captureLines() {
  const lines: string[] = [];
  return { lines, destination: { write: (line: string) => void lines.push(line) } };
}

describe('logger', () => {
  test('writes one JSON object a line with time, level name and bound trace', () => {
    const { lines, destination } = captureLines();
    createLogger({ level: 'info', destination })
      .child({ trace_id: 'abc' })
      .info({ status: 'sent' }, 'attempt ended');
    expect(lines).toHaveLength(1);
    const line = JSON.parse(lines[0] ?? '');
    expect(line).toMatchObject({ level: 'info', trace_id: 'abc', status: 'sent', msg: 'attempt ended' });
    expect(new Date(line.time).toISOString()).toBe(line.time);
  });

  test.each([
    'apiKey',
    'authorization',
    'pass',
    'secret',
    'token',
    'props',
    'html',
    'databaseUrl',
    'redisUrl',
  ])('never writes the value of %s, at the top or one level down', (key) => {
    const { lines, destination } = captureLines();
    createLogger({ level: 'info', destination }).info(
      { [key]: 'hunter2', nested: { [key]: 'hunter2' } },
      'x',
    );
    expect(lines.join('')).not.toContain('hunter2');
    expect(lines.join('')).toContain('[redacted]');
  });

  test('what a line is redacted of stays as it was for whoever logs it, and a bound secret is not told either', () => {
    const { lines, destination } = captureLines();
    const facts = { nested: { token: 'hunter2' }, list: ['a'] };
    createLogger({ level: 'info', destination }).child({ secret: 'hunter2' }).info(facts, 'x');
    expect(facts.nested.token).toBe('hunter2');
    expect(lines.join('')).not.toContain('hunter2');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ list: ['a'] });
  });

  test('a recipient is not told, whatever holds the address', () => {
    const { lines, destination } = captureLines();
    const logger = createLogger({ level: 'info', destination });
    logger.warn({ reason: '550 <ada@example.net> is unknown', recipient: 'ada@example.net' }, 'x');
    logger.warn({ err: new Error('no mail for ada@example.net') }, 'x');
    expect(lines.join('')).not.toContain('ada@');
    expect(lines.join('')).toContain('@example.net> is unknown');
  });

  test('of many alike lines a second some are left out, and counted; errors and other states never are', () => {
    const { lines, destination } = captureLines();
    let at = 0;
    const logger = createLogger({ level: 'info', destination, burst: 5, now: () => at });
    const child = logger.child({ request_id: 'r' });
    for (let i = 0; i < 50; i += 1) child.info({ status: 'sent' }, 'attempt ended');
    child.info({ status: 'failed' }, 'attempt ended');
    for (let i = 0; i < 10; i += 1) logger.error({ status: 'sent' }, 'attempt ended');
    expect(lines).toHaveLength(5 + 1 + 10);
    at = 1000;
    logger.info({ status: 'sent' }, 'attempt ended');
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ status: 'sent', left_out: 45 });
  });

  test('leaves out what is below its level', () => {
    const { lines, destination } = captureLines();
    createLogger({ level: 'warn', destination }).info('x');
    expect(lines).toEqual([]);
  });
});
