import { type ServiceProcess, startServiceProcess } from '../server/test/support/service-process.ts';
import type { Journal } from './journal.ts';
import { pause } from './pause.ts';

/** One process of the service under a supervisor, as a container platform would run it. */
export type ServiceMember = {
  readonly name: string;
  /** Times it ended without having been killed by us. */
  crashCount(): number;
  /** Starts it, again and again where it does not come up, until it runs or the run is over. */
  start(): Promise<void>;
  kill9(): Promise<void>;
};

export type MemberOptions = {
  name: string;
  env: Readonly<Record<string, string>>;
  journal: Journal;
  signal: AbortSignal;
  onLine: (line: string) => void;
};

const START_AGAIN_MS = 250;

/** Creates a member that is not started yet. */
export function createServiceMember({ name, env, journal, signal, onLine }: MemberOptions): ServiceMember {
  let running: ServiceProcess | null = null;
  let crashes = 0;

  async function startOnce(): Promise<ServiceProcess | null> {
    try {
      return await startServiceProcess(env, onLine);
    } catch (error) {
      const reason = error instanceof Error ? error.message.trim().split('\n').at(-1) : String(error);
      journal.say(`${name} did not start, and is started again: ${reason?.slice(0, 200)}`);
      return null;
    }
  }

  async function watch(service: ServiceProcess): Promise<void> {
    await service.exited;
    if (running !== service || signal.aborted) return;
    crashes += 1;
    journal.say(`${name} ended by itself (exit code ${service.exitCode()}), and is started again`);
    running = null;
    await start();
  }

  async function start(): Promise<void> {
    while (running === null && !signal.aborted) {
      running = await startOnce();
      if (running) void watch(running);
      else await pause(START_AGAIN_MS, signal);
    }
  }

  return {
    name,
    crashCount: () => crashes,
    start,
    async kill9() {
      const service = running;
      // First, so that the watcher knows whose doing it was.
      running = null;
      await service?.kill9();
    },
  };
}
