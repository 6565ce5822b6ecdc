import { expect, test } from 'bun:test';
import { createDeadline } from './deadline.ts';

const fired = (signal: AbortSignal) =>
  new Promise<unknown>((resolve) => {
    signal.addEventListener('abort', () => resolve(signal.reason), { once: true });
  });

test('its time is over: a TimeoutError, which speaks against a provider', async () => {
  const { signal } = createDeadline(new AbortController().signal, 1);
  expect(await fired(signal)).toMatchObject({ name: 'TimeoutError' });
});

test('the other signal fires: its reason', async () => {
  const controller = new AbortController();
  const { signal } = createDeadline(controller.signal, 60_000);
  const reason = fired(signal);
  controller.abort('stopping');
  expect(await reason).toBe('stopping');
  expect(createDeadline(controller.signal, 60_000).signal.aborted).toBe(true);
});

test('once cleared it does not fire any more', async () => {
  const controller = new AbortController();
  const deadline = createDeadline(controller.signal, 1);
  deadline.clear();
  controller.abort();
  const later = createDeadline(new AbortController().signal, 5);
  await fired(later.signal);
  expect(deadline.signal.aborted).toBe(false);
});
