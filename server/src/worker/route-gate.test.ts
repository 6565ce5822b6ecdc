import { describe, expect, test } from 'bun:test';
import { createRouteGate } from './route-gate.ts';

const live = { mode: 'live', boundTo: null } as const;
const bound = { mode: 'live', boundTo: 'a' } as const;

function createGate() {
  const clock = { now: 0 };
  return { clock, gate: createRouteGate({ now: () => clock.now, random: () => 0 }) };
}

describe('the gate before a route without a way out', () => {
  test('lets everybody through while nothing is shut', () => {
    const { gate } = createGate();
    expect(gate.waitForMessage('m')).toBe(0);
    expect(gate.waitForRoute('m', live)).toBe(0);
  });

  test('holds messages of the route back as long as it was told, and those of no other', () => {
    const { gate, clock } = createGate();
    gate.shut(live, 500);
    expect(gate.waitForRoute('m', live)).toBe(500);
    expect(gate.waitForRoute('other', bound)).toBe(0);
    clock.now = 300;
    // From now on it is known by its name and need not even be claimed.
    expect(gate.waitForMessage('m')).toBe(200);
    expect(gate.waitForMessage('never seen')).toBe(0);
  });

  test('when the time is over one tries, and the rest waits for what it finds', () => {
    const { gate, clock } = createGate();
    gate.shut(live, 500);
    for (const id of ['a', 'b', 'c']) gate.waitForRoute(id, live);
    clock.now = 500;
    expect(gate.waitForMessage('a')).toBe(0);
    expect(gate.waitForRoute('a', live)).toBe(0);
    expect(gate.waitForMessage('b')).toBe(1000);
    gate.shut(live, 2000);
    expect(gate.waitForMessage('b')).toBe(2000);
    clock.now = 2500;
    expect(gate.waitForMessage('c')).toBe(0);
    gate.open(live);
    expect(gate.waitForMessage('a')).toBe(0);
    expect(gate.waitForMessage('b')).toBe(0);
  });

  test('one that tries and never comes back is followed by another', () => {
    const { gate, clock } = createGate();
    gate.shut(live, 500);
    for (const id of ['a', 'b']) gate.waitForRoute(id, live);
    clock.now = 500;
    expect(gate.waitForMessage('a')).toBe(0);
    clock.now = 30_500;
    expect(gate.waitForMessage('b')).toBe(0);
  });

  test('one that tries and learns nothing gives its turn to the next', () => {
    const { gate, clock } = createGate();
    gate.shut(live, 500);
    for (const id of ['a', 'b', 'c']) gate.waitForRoute(id, live);
    clock.now = 500;
    expect(gate.waitForMessage('a')).toBe(0);
    gate.release('c');
    expect(gate.waitForMessage('b')).toBeGreaterThan(0);
    gate.release('a');
    expect(gate.waitForMessage('b')).toBe(0);
  });

  test('a backlog comes back at a rate that a worker can turn away', () => {
    const gate = createRouteGate({ now: () => 0, random: () => 1 });
    gate.shut(live, 500);
    for (let i = 0; i < 5000; i++) gate.waitForRoute(`m${i}`, live);
    expect(gate.waitForMessage('m0')).toBe(500 + 10_000);
    for (let i = 1; i < 5000; i++) gate.forget(`m${i}`);
    expect(gate.waitForMessage('m0')).toBe(500 + 1000);
  });
});
