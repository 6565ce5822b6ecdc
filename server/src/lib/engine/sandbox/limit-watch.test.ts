import { describe, expect, test } from 'bun:test';
import { createLimitWatch } from './limit-watch.ts';
import type { ProcessUsage } from './process-usage.ts';

const LIMITS = { cpuMs: 200, wallMs: 1000, hardWallMs: 3000, maxRssBytes: 1000 };

function createFixture() {
  const state = { now: 0, tick: (): void => {}, isTicking: false, reads: 0 };
  const usage: ProcessUsage = { cpuMs: 500, waitedForCpuMs: 0, rssBytes: 0, privateBytes: 0 };
  const breaches: string[] = [];
  const watch = createLimitWatch({
    readUsage: () => {
      state.reads += 1;
      return { ...usage };
    },
    now: () => state.now,
    startTicker(tick) {
      state.tick = tick;
      state.isTicking = true;
      return () => {
        state.isTicking = false;
      };
    },
  });
  const begin = () => watch.watch({ pid: 1, limits: LIMITS, onBreach: (reason) => breaches.push(reason) });
  return { state, usage, breaches, begin };
}

describe('the limit watch', () => {
  test('counts only the CPU that this render has used', () => {
    const { state, usage, breaches, begin } = createFixture();
    begin();
    state.tick();
    usage.cpuMs = 700;
    state.tick();
    expect(breaches).toEqual([]);
    usage.cpuMs = 701;
    state.tick();
    expect(breaches).toEqual(['cpu']);
    expect(state.isTicking).toBe(false);
  });

  test('ends one that uses too much memory at the first sight', () => {
    const { state, usage, breaches, begin } = createFixture();
    begin();
    usage.rssBytes = 1001;
    state.tick();
    expect(breaches).toEqual(['memory']);
  });

  test('lets a late answer that is already in the pipe be read before it calls a render late', () => {
    const { state, breaches, begin } = createFixture();
    const unwatch = begin();
    state.tick();
    state.now = 1500;
    state.tick();
    expect(breaches).toEqual([]);
    unwatch();
    state.tick();
    expect(breaches).toEqual([]);
  });

  test('ends one that takes too long, once', () => {
    const { state, breaches, begin } = createFixture();
    begin();
    state.tick();
    state.now = 1001;
    state.tick();
    state.tick();
    state.tick();
    expect(breaches).toEqual(['wall']);
  });

  test('does not count the time in which a busy machine let it wait, up to the hard limit', () => {
    const { state, usage, breaches, begin } = createFixture();
    begin();
    state.tick();
    state.now = 2900;
    usage.waitedForCpuMs = 2000;
    state.tick();
    state.tick();
    expect(breaches).toEqual([]);
    state.now = 3001;
    usage.waitedForCpuMs = 3000;
    state.tick();
    state.tick();
    expect(breaches).toEqual(['wall']);
  });

  test('limits by the wall alone where usage cannot be read', () => {
    const { state, usage, breaches, begin } = createFixture();
    usage.cpuMs = null;
    usage.rssBytes = null;
    begin();
    state.tick();
    state.now = 1001;
    state.tick();
    state.tick();
    expect(breaches).toEqual(['wall']);
  });

  test('reads nothing for a render that ends before the first tick, and stops ticking', () => {
    const { state, begin } = createFixture();
    const first = begin();
    const second = begin();
    first();
    expect(state.isTicking).toBe(true);
    second();
    expect(state.isTicking).toBe(false);
    expect(state.reads).toBe(0);
  });
});
