import { describe, expect, test } from 'bun:test';
import {
  findComposeFaults,
  findComposeSchemaFaults,
  findDockerfileFaults,
  findDockerfileProblems,
} from './containers.ts';

const dockerfile = (...lines: string[]) => lines.join('\n');
const GOOD = dockerfile(
  'FROM oven/bun:1.4.5-slim AS install',
  'FROM install AS run',
  'USER bun',
  'HEALTHCHECK CMD ["bun", "x"]',
);

describe('the Dockerfile check', () => {
  test('accepts a pinned image, an ordinary user and a health check', () => {
    expect(findDockerfileFaults(GOOD, '1.4.5')).toEqual([]);
  });

  test('refuses another Bun than the pinned one', () => {
    expect(findDockerfileFaults(GOOD, '1.4.6')).toHaveLength(1);
  });

  test.each(['oven/bun', 'oven/bun:latest', 'debian:stable'])(
    'refuses %s, which says no version',
    (image) => {
      const text = GOOD.replace('oven/bun:1.4.5-slim', image);
      expect(findDockerfileFaults(text, '1.4.5').length).toBeGreaterThan(0);
    },
  );

  test('refuses root and a missing health check, where only an earlier stage has them', () => {
    const text = dockerfile('FROM oven/bun:1.4.5-slim AS a', 'USER bun', 'HEALTHCHECK CMD x', 'FROM a');
    expect(findDockerfileFaults(text, '1.4.5')).toHaveLength(2);
  });
});

test.each(['RUNN true', 'HEALTHCHECK --interval=10x CMD ["a"]', 'ENV A', 'CMD ["a"]\nCMD ["b"]'])(
  'the Dockerfile check knows its grammar: %j',
  (line) => {
    expect(findDockerfileProblems(GOOD)).toEqual([]);
    expect(findDockerfileProblems(`${GOOD}\n${line}`)).not.toEqual([]);
  },
);

describe('the compose check', () => {
  test.each([
    { db: { image: 'postgres:16.4', restartt: 'always' } },
    { db: { image: 3 } },
    { db: { image: 'postgres:16.4', depends_on: { other: { condition: 'service_well' } } } },
  ])('knows the specification: %j', (services) => {
    expect(findComposeSchemaFaults({ services: { db: { image: 'postgres:16.4' } } })).toEqual([]);
    expect(findComposeSchemaFaults({ services }).length).toBeGreaterThan(0);
  });

  test('accepts services that wait for health that is measured', () => {
    const services = {
      db: { image: 'postgres:16.4', healthcheck: { test: 'pg_isready' } },
      api: { build: '.', depends_on: { db: { condition: 'service_healthy' } } },
    };
    expect(findComposeFaults({ services })).toEqual([]);
  });

  test('refuses a wait for nobody, a wait for unmeasured health and an unpinned image', () => {
    const services = {
      db: { image: 'postgres:latest' },
      api: { build: '.', depends_on: { db: { condition: 'service_healthy' }, gone: {} } },
    };
    expect(findComposeFaults({ services })).toHaveLength(3);
  });
});
