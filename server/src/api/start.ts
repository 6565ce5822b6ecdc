import { settlesWithin } from '../lib/time-limit.ts';
import { createApi, type ApiDeps } from './app.ts';
import { noteAddress } from './middleware/client-address.ts';

/** Pages for the person at this machine, beside the API: the DEV role has them. */
export type PagesBeside = {
  /** Null for what is none of theirs. */
  handle(request: Request): Promise<Response | null>;
  stop(): Promise<void>;
};

export type RunningApi = {
  /** Where it listens, with the port that was really taken. */
  readonly url: string;
  /**
   * Tells load balancers to turn away and gives them time to, then takes no further connections and waits for requests
   * under way. Safe to call twice.
   */
  stop(): Promise<void>;
};

/** The framework must never answer a long body by itself: its 413 has no body. Ours is a problem, and comes far earlier. */
const FRAMEWORK_MAX_BODY_BYTES = Number.MAX_SAFE_INTEGER;
const IDLE_TIMEOUT_S = 30;

/** Whoever is still sending or waiting when the grace is over is cut off. */
async function stopServer(server: ReturnType<typeof Bun.serve>, graceMs: number): Promise<void> {
  if (!(await settlesWithin(graceMs, server.stop()))) await server.stop(true);
}

/** @throws Error with `code` EADDRINUSE where the port is taken */
export function startApi(deps: ApiDeps & { pages?: PagesBeside | null }): RunningApi {
  const { pages = null } = deps;
  const { host, port } = deps.config;
  const api = createApi(deps);
  let stopping: Promise<void> | null = null;
  const server = Bun.serve({
    hostname: host,
    port,
    idleTimeout: IDLE_TIMEOUT_S,
    maxRequestBodySize: FRAMEWORK_MAX_BODY_BYTES,
    async fetch(request, listening) {
      noteAddress(request, listening.requestIP(request)?.address);
      try {
        const response = (await pages?.handle(request)) ?? (await api.app.fetch(request));
        // An event stream may be silent for long, and knows itself when nobody reads.
        if (response.headers.get('content-type') === 'text/event-stream') listening.timeout(request, 0);
        // A connection that nothing is sent on any more can be closed without cutting off somebody's next request.
        if (stopping) response.headers.set('connection', 'close');
        return response;
      } finally {
        api.release(request);
      }
    },
  });
  const stopBoth = async () => {
    api.startDraining();
    await Bun.sleep(deps.config.shutdownDrainMs);
    // First, because a stream is a request that never ends by itself.
    await Promise.all([api.stopStreams(), pages?.stop()]);
    await stopServer(server, deps.config.shutdownGraceMs);
    await api.stop();
  };
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${server.port}`,
    stop() {
      stopping ??= stopBoth();
      return stopping;
    },
  };
}
