import type { RouteRequest } from '../lib/providers/router.ts';

/** While a route is shut, one message at a time tries whether it still is, and this long at most. */
const PROBE_MS = 30_000;

/** Those that wait come back spread over a time: this at least, and so long that no more than so many a second do. */
const AGAIN_MS = 1000;
const AGAIN_PER_S = 500;

/** Messages whose route is remembered; one beyond them is claimed to learn its route again. */
const MAX_REMEMBERED = 100_000;

/**
 * Remembers that a route has no way out at present. Without it a backlog that waits for a provider would be claimed, rendered
 * and given back again and again, each time with a line in its timeline.
 */
export type RouteGate = {
  /** How long the message should wait before it is even claimed; 0 for go on. Only messages seen before can be told. */
  waitForMessage(messageId: string): number;
  /** The same for a message that has just been claimed and was not asked for before; remembers its route. */
  waitForRoute(messageId: string, request: RouteRequest): number;
  /** The route has no way out for so long. */
  shut(request: RouteRequest, forMs: number): void;
  /** The route has a way out. */
  open(request: RouteRequest): void;
  /** The attempt of the message is over; where it was to try a route that is shut and learnt nothing, another may. */
  release(messageId: string): void;
  /** The message will not come back. */
  forget(messageId: string): void;
};

type Shut = { untilMs: number; probingUntilMs: number; probe: string | null };

/** @param now in ms, monotonic; @param random from 0 up to 1 */
export function createRouteGate({
  now = () => performance.now(),
  random = Math.random,
}: { now?: () => number; random?: () => number } = {}): RouteGate {
  const shut = new Map<string, Shut>();
  const routes = new Map<string, string>();

  const spreadMs = () => random() * Math.max(AGAIN_MS, (routes.size / AGAIN_PER_S) * 1000);

  const enter = (messageId: string, route: string): number => {
    const state = shut.get(route);
    if (!state) return 0;
    const at = now();
    if (at < state.untilMs) return state.untilMs - at + spreadMs();
    if (at < state.probingUntilMs) return AGAIN_MS + spreadMs();
    state.probingUntilMs = at + PROBE_MS;
    state.probe = messageId;
    return 0;
  };

  return {
    waitForMessage(messageId) {
      const route = shut.size === 0 ? undefined : routes.get(messageId);
      return route === undefined ? 0 : enter(messageId, route);
    },
    waitForRoute(messageId, request) {
      if (shut.size === 0) return 0;
      const route = toKey(request);
      // It has been let through already, by its name.
      if (routes.get(messageId) === route || !shut.has(route)) return 0;
      const [oldest] = routes.size >= MAX_REMEMBERED ? routes.keys() : [];
      if (oldest !== undefined) routes.delete(oldest);
      routes.set(messageId, route);
      return enter(messageId, route);
    },
    shut(request, forMs) {
      shut.set(toKey(request), { untilMs: now() + forMs, probingUntilMs: 0, probe: null });
    },
    open(request) {
      if (shut.size > 0) shut.delete(toKey(request));
    },
    release(messageId) {
      for (const state of shut.values()) if (state.probe === messageId) state.probingUntilMs = 0;
    },
    forget(messageId) {
      if (routes.size > 0) routes.delete(messageId);
    },
  };
}

function toKey({ mode, boundTo }: RouteRequest): string {
  return `${mode} ${boundTo ?? ''}`;
}
