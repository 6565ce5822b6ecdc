import {
  type SinkMail,
  type SinkPlan,
  type SmtpSink,
  startSmtpSink,
} from '../server/test/support/smtp-sink.ts';
import type { Fault, FaultPlan } from './fault-plan.ts';
import { readMailFacts } from './mail-facts.ts';
import { isMarkedForRefusal } from './recipients.ts';

/** How a visit ended, as the provider saw it. */
export type VisitEnd =
  | 'answered'
  | 'cut before the message'
  | 'cut in the message'
  | 'cut before the answer'
  | 'never answered'
  | 'went down before the answer'
  | 'deferred';

/** One mail at the door of one provider. */
export type Visit = {
  provider: string;
  /** Our id, read from the Message-ID; null where the message was not read, or carries none. */
  messageId: string | null;
  /** The token of the load generator in the headers; null where the message was not read, or carries none. */
  token: string | null;
  /** Whether html and text carry the token that the headers promise. */
  isIntact: boolean;
  recipients: readonly string[];
  at: number;
  /** When the answer was due; what was killed before it cannot have read it. */
  answerAt: number;
  end: VisitEnd;
  /** True where the provider has the mail now, whatever the other side may believe. */
  isStored: boolean;
};

/** An SMTP provider with a fixed address that goes down, comes back, and has its faults. */
export type ChaosProvider = {
  readonly name: string;
  readonly port: number;
  /** Everything that came, oldest first; it outlives every outage. */
  readonly visits: readonly Visit[];
  /** When connections were opened, refused ones included. */
  readonly connectedAt: readonly number[];
  /** Most connections open at once since it came up last. */
  mostOpen(): number;
  /** Closes the port and every connection. */
  goDown(): Promise<void>;
  comeBack(): Promise<void>;
};

type State = {
  name: string;
  plan: FaultPlan;
  visits: Visit[];
  counts: Map<string, number>;
  connectedAt: number[];
  mostOpen: number;
  sink: SmtpSink | null;
};

/** Starts a provider and resolves when it listens. */
export async function startProvider(name: string, plan: FaultPlan): Promise<ChaosProvider> {
  const state: State = {
    name,
    plan,
    visits: [],
    counts: new Map(),
    connectedAt: [],
    mostOpen: 0,
    sink: null,
  };
  const options = { plan: toSinkPlan(state) };
  const first = await startSmtpSink(options);
  state.sink = first;
  const { port } = first;
  return {
    name,
    port,
    visits: state.visits,
    connectedAt: state.connectedAt,
    mostOpen: () => state.mostOpen,
    async goDown() {
      const { sink } = state;
      state.sink = null;
      const now = Date.now();
      const unanswered = state.visits.filter(({ end, answerAt }) => end === 'answered' && answerAt >= now);
      for (const visit of unanswered) visit.end = 'went down before the answer';
      await sink?.stop();
    },
    async comeBack() {
      state.mostOpen = 0;
      state.sink ??= await startSmtpSink({ ...options, port });
    },
  };
}

function toSinkPlan(state: State): SinkPlan {
  // Decided at RCPT, when a visit begins, and remembered until its end: a mail's recipients are known to nobody else.
  const faults = new Map<string, Fault | null>();
  const faultOf = (recipients: readonly string[]) => faults.get(recipients[0] ?? '') ?? null;
  return {
    greeting(connection) {
      state.connectedAt.push(Date.now());
      state.mostOpen = Math.max(state.mostOpen, state.sink?.openCount() ?? 0);
      return state.plan.isTurnedAway(state.name, connection) ? { code: 421, text: 'Too busy' } : null;
    },
    recipient(address) {
      if (isMarkedForRefusal(address)) return { code: 550, text: 'No such user' };
      const visit = (state.counts.get(address) ?? 0) + 1;
      state.counts.set(address, visit);
      const fault = state.plan.faultOf(state.name, [address], visit);
      faults.set(address, fault);
      return fault === 'defer recipient' ? { code: 450, text: 'Greylisted' } : null;
    },
    data({ to }) {
      const fault = faultOf(to);
      if (fault !== 'drop' && fault !== 'cut') return null;
      const end = fault === 'drop' ? 'cut before the message' : 'cut in the message';
      state.visits.push({ ...toUnread(state.name, to), end });
      return fault;
    },
    message(mail) {
      // The bytes are not kept: a long run would fill the memory with them.
      state.sink?.clear();
      const fault = faultOf(mail.to);
      state.visits.push(toVisit(state, mail, fault));
      if (fault === 'defer message') return { code: 451, text: 'Try again later' };
      if (fault === 'swallow') return 'drop';
      return fault === 'hang' ? 'hang' : null;
    },
    answerDelayMs: ({ to }) => state.plan.answerDelayMs(state.name, to, faultOf(to)),
  };
}

function toUnread(provider: string, recipients: readonly string[]) {
  const at = Date.now();
  return {
    provider,
    recipients,
    at,
    answerAt: at,
    messageId: null,
    token: null,
    isIntact: true,
    isStored: false,
  };
}

const ENDS: Partial<Record<Fault, VisitEnd>> = {
  'defer message': 'deferred',
  swallow: 'cut before the answer',
  hang: 'never answered',
};

function toVisit({ name, plan, sink }: State, { to, raw }: SinkMail, fault: Fault | null): Visit {
  const at = Date.now();
  const end = (fault && ENDS[fault]) ?? 'answered';
  return {
    provider: name,
    recipients: to,
    at,
    answerAt: at + plan.answerDelayMs(name, to, fault),
    // It may have been read to its end just when the provider went down.
    end: sink === null && end === 'answered' ? 'went down before the answer' : end,
    isStored: fault !== 'defer message',
    ...readMailFacts(raw),
  };
}
