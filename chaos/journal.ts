/** What was done to the system, and to which part of it. */
export type Blow =
  | 'api killed'
  | 'worker killed'
  | 'redis killed'
  | 'redis killed and wiped'
  | 'postgres killed'
  | 'postgres restarted'
  | 'provider down';

/** One blow: when it fell, and when the part was back. Times are milliseconds of the epoch. */
export type Incident = { blow: Blow; target: string; at: number; endedAt: number | null };

/** Keeps what happened, and tells it while it happens. */
export type Journal = {
  readonly incidents: readonly Incident[];
  /** Prints a line with the time since the start. */
  say(text: string): void;
  /** Notes a blow; the function that is returned notes that the part is back. */
  strike(blow: Blow, target: string): () => void;
};

export type JournalOptions = { print: (line: string) => void; now?: () => number };

/** Creates an empty journal; its clock starts now. */
export function createJournal({ print, now = Date.now }: JournalOptions): Journal {
  const startedAt = now();
  const incidents: Incident[] = [];
  const say = (text: string) => print(`${((now() - startedAt) / 1000).toFixed(1).padStart(6)} s  ${text}`);
  return {
    incidents,
    say,
    strike(blow, target) {
      const incident: Incident = { blow, target, at: now(), endedAt: null };
      incidents.push(incident);
      say(blow === 'provider down' ? `${target} goes down` : `${target}: ${blow}`);
      return () => {
        incident.endedAt = now();
        say(`${target} is back after ${incident.endedAt - incident.at} ms`);
      };
    },
  };
}
