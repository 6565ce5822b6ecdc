import type {
  Message,
  MessageBody,
  MessageStatus,
  MessageSummary,
  ProblemCode,
  SendResult,
} from '../index.ts';
import { toEmail } from './mail-match.ts';

/** A message as the service would have got it, and the id that it was given. */
export type SentMessage = MessageBody & { id: string };

/** What a call can be made to fail with: what the service refuses with, or a connection that is lost. */
export type FailureCode = ProblemCode | 'network_error';

type Kept = { body: SentMessage; status: MessageStatus; createdAt: string };
type Call = { method: string; path: string; body: unknown; headers: Headers };
const WRONG_SHAPE = 'It has no recipient, or nothing to say.';

type Planned = { code: FailureCode; times: number };

/** The statuses of the codes that tests ask for most; others answer 422. */
const STATUSES: Partial<Record<ProblemCode, number>> = {
  unauthenticated: 401,
  client_suspended: 403,
  scope_missing: 403,
  from_not_allowed: 403,
  not_found: 404,
  template_not_found: 404,
  not_cancelable: 409,
  not_scheduled: 409,
  rate_limited: 429,
  quota_exceeded: 429,
  overloaded: 503,
  internal_error: 500,
  service_unavailable: 503,
};

export type FakeService = {
  fetch(url: string, init: RequestInit): Promise<Response>;
  readonly sent: SentMessage[];
  failNext(code: FailureCode, times: number): void;
  setStatus(id: string, status: MessageStatus): void;
  answer(method: string, path: string, answer: unknown): void;
  clear(): void;
};

/** As much of the service as code that sends mail meets, in memory. */
export function createFakeService(): FakeService {
  const kept = new Map<string, Kept>();
  const answered = new Map<string, unknown>();
  const planned: Planned[] = [];
  const answers = new Map<string, unknown>();
  const sent: SentMessage[] = [];

  function accept(body: MessageBody): SendResult {
    const id = crypto.randomUUID();
    const message = { ...body, id };
    const status =
      body.scheduledAt !== undefined && Date.parse(body.scheduledAt) > Date.now() ? 'scheduled' : 'queued';
    const createdAt = new Date().toISOString();
    kept.set(id, { body: message, status, createdAt });
    sent.push(message);
    return { messageId: id, status, createdAt };
  }

  /** The answer to an earlier call with the same key, or else what `work` answers, which is kept. */
  function once(call: Call, work: () => unknown): Response {
    const key = call.headers.get('idempotency-key') ?? crypto.randomUUID();
    const earlier = answered.get(key);
    if (earlier !== undefined) {
      return Response.json(earlier, { status: 202, headers: { 'idempotent-replayed': 'true' } });
    }
    const answer = work();
    answered.set(key, answer);
    return Response.json(answer, { status: 202 });
  }

  function send(call: Call): Response {
    const { body } = call;
    return isMessageBody(body) ? once(call, () => accept(body)) : refuse('invalid_request', WRONG_SHAPE);
  }

  function sendBatch(call: Call): Response {
    const messages = listOf(call.body, 'messages');
    const good = messages.filter(isMessageBody);
    if (good.length < messages.length) return refuse('batch_rejected', WRONG_SHAPE);
    return once(call, () => ({ accepted: good.length, rejected: 0, data: good.map(accept) }));
  }

  function change(call: Call): Response {
    const [, id = '', action] = /^\/v1\/messages\/([^/]+)(\/cancel)?$/.exec(call.path) ?? [];
    const found = kept.get(id);
    if (!found) return refuse('not_found', `There is no message ${id}.`);
    const { status } = found;
    if (action) {
      if (status !== 'queued' && status !== 'scheduled') return refuse('not_cancelable', `It is ${status}.`);
      found.status = 'canceled';
    } else {
      if (status !== 'scheduled') return refuse('not_scheduled', `It is ${status}.`);
      Object.assign(found.body, call.body);
    }
    return Response.json(toMessage(found));
  }

  function read(path: string): Response {
    const [, id = '', part] = /^\/v1\/messages\/([^/]+)(?:\/(events|content))?$/.exec(path) ?? [];
    const found = kept.get(id);
    if (!found) return refuse('not_found', `There is no message ${id}.`);
    if (part === 'events') return Response.json({ data: [toEvent(found)], nextCursor: null });
    if (part === 'content') return Response.json(toContent(found));
    return Response.json(toMessage(found));
  }

  function route(call: Call): Response {
    const { method, path } = call;
    const planted = answers.get(`${method} ${path}`);
    if (planted !== undefined) return Response.json(planted);
    if (method === 'POST' && path === '/v1/messages') return send(call);
    if (method === 'POST' && path === '/v1/messages/batch') return sendBatch(call);
    if (method === 'PATCH' || path.endsWith('/cancel')) return change(call);
    if (method === 'GET' && path === '/v1/messages') {
      return Response.json({ data: [...kept.values()].map(toSummary).reverse(), nextCursor: null });
    }
    if (method === 'GET' && path.startsWith('/v1/messages/')) return read(path);
    return refuse('not_found', `The test mailer knows no ${method} ${path}; plant one with answer().`);
  }

  return {
    sent,
    async fetch(url, init) {
      const [next] = planned;
      if (next) {
        next.times -= 1;
        if (next.times <= 0) planned.shift();
        if (next.code === 'network_error') throw new TypeError('the connection was lost, as the test wanted');
        return refuse(next.code, 'As the test wanted.');
      }
      const body: unknown = typeof init.body === 'string' ? JSON.parse(init.body) : undefined;
      const path = decodeURIComponent(new URL(url).pathname);
      return route({ method: init.method ?? 'GET', path, body, headers: new Headers(init.headers) });
    },
    failNext: (code, times) => void planned.push({ code, times }),
    setStatus(id, status) {
      const message = kept.get(id);
      if (!message) throw new RangeError(`No message ${id} was sent.`);
      message.status = status;
    },
    answer: (method, path, answer) => void answers.set(`${method} ${path}`, answer),
    clear() {
      for (const map of [kept, answered, answers]) map.clear();
      sent.length = 0;
      planned.length = 0;
    },
  };
}

function refuse(code: ProblemCode, detail: string): Response {
  const status = STATUSES[code] ?? 422;
  return Response.json({ code, detail, status, requestId: 'test', errors: [] }, { status });
}

function isMessageBody(body: unknown): body is MessageBody {
  if (typeof body !== 'object' || body === null || !('to' in body)) return false;
  const hasRecipient =
    typeof body.to === 'string' ? body.to !== '' : Array.isArray(body.to) && body.to.length > 0;
  return hasRecipient && ('template' in body || 'html' in body || 'text' in body);
}

function listOf(body: unknown, name: string): unknown[] {
  const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, name) : null;
  return Array.isArray(value) ? value : [];
}

function toSummary({ body, status, createdAt }: Kept): MessageSummary {
  const [name = null, version] = body.template?.split('@') ?? [];
  return {
    id: body.id,
    status,
    mode: 'test',
    from: body.from ?? 'test@example.com',
    recipient: toEmail(toList(body.to)[0] ?? ''),
    subject: body.subject ?? null,
    template: name,
    templateVersion: version === undefined ? null : Number(version),
    provider: null,
    attempts: 0,
    lastError: null,
    traceId: '0'.repeat(32),
    tags: body.tags ?? {},
    priority: body.priority ?? 'normal',
    scheduledAt: body.scheduledAt ?? null,
    createdAt,
    updatedAt: createdAt,
  };
}

function toMessage(kept: Kept): Message {
  const { body, status } = kept;
  const ofKind = (kind: 'to' | 'cc' | 'bcc') =>
    toList(body[kind]).map((address) => ({
      kind,
      email: toEmail(address),
      name: null,
      status,
      response: null,
    }));
  return {
    ...toSummary(kept),
    props: body.props ?? null,
    locale: body.locale ?? null,
    replyTo: toList(body.replyTo),
    headers: body.headers ?? {},
    metadata: body.metadata ?? {},
    attachments: [],
    providerMessageId: null,
    recipients: [...ofKind('to'), ...ofKind('cc'), ...ofKind('bcc')],
  };
}

function toEvent({ createdAt }: Kept) {
  return { type: 'accepted', attempt: 0, provider: null, recipient: null, detail: null, at: createdAt };
}

function toContent({ body }: Kept) {
  return { subject: body.subject ?? '', html: body.html ?? null, text: body.text ?? null, exact: false };
}

function toList(addresses: string | string[] | undefined): string[] {
  return typeof addresses === 'string' ? [addresses] : (addresses ?? []);
}
