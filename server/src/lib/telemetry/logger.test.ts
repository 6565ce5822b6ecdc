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

  test('leaves out what is below its level', () => {
    const { lines, destination } = captureLines();
    createLogger({ level: 'warn', destination }).info('x');
    expect(lines).toEqual([]);
  });
});
