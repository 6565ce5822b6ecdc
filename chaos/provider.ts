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
  /** When the answer went out; null where none did. What was killed before it cannot have read it. */
  answeredAt: number | null;
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

/** An answer that went out this shortly before the connection was destroyed may not have been read. */
const UNREAD_MS = 50;

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
      const isUnread = ({ end, answeredAt }: Visit) =>
        end === 'answered' && (answeredAt === null || answeredAt > now - UNREAD_MS);
      for (const visit of state.visits.filter(isUnread)) visit.end = 'went down before the answer';
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
  const visits = new WeakMap<SinkMail, Visit>();
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
      const visit = toVisit(state, mail, fault);
      visits.set(mail, visit);
      state.visits.push(visit);
      if (fault === 'defer message') return { code: 451, text: 'Try again later' };
      if (fault === 'swallow') return 'drop';
      return fault === 'hang' ? 'hang' : null;
    },
    answerDelayMs: ({ to }) => state.plan.answerDelayMs(state.name, to, faultOf(to)),
    answered(mail) {
      const visit = visits.get(mail);
      if (visit) visit.answeredAt = Date.now();
    },
  };
}

function toUnread(provider: string, recipients: readonly string[]) {
  return {
    provider,
    recipients,
    at: Date.now(),
    answeredAt: null,
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

function toVisit({ name, sink }: State, { to, raw }: SinkMail, fault: Fault | null): Visit {
  const end = (fault && ENDS[fault]) ?? 'answered';
  return {
    provider: name,
    recipients: to,
    at: Date.now(),
    answeredAt: null,
    // It may have been read to its end just when the provider went down.
    end: sink === null && end === 'answered' ? 'went down before the answer' : end,
    isStored: fault !== 'defer message',
    ...readMailFacts(raw),
  };
}
