import type { TSchema } from '@sinclair/typebox';
import type { Scope } from '../../lib/auth/api-key.ts';
import type { ProblemCode } from '../problems/problem.ts';

/**
 * Whose keys a route takes. Each group of scopes needs one of its own to be met, in this order; `live` routes refuse test keys. The
 * isolation test holds every route against what is said here.
 */
export type Access =
  | { caller: 'nobody' }
  | { caller: 'client'; scopes: readonly (readonly Scope[])[]; isLive?: true }
  | { caller: 'any'; scopes: readonly (readonly Scope[])[] };

/** A good answer; without a schema it has no body, or one that is no JSON. */
export type GoodAnswer = {
  description: string;
  schema?: TSchema;
  contentType?: string;
  example?: unknown;
};

/** What the route itself does not say about one operation. */
export type Operation = {
  tag: Tag;
  summary: string;
  description?: string;
  access: Access;
  answers: Readonly<Record<number, GoodAnswer>>;
  /** Besides those that its access, parameters and body bring with them. */
  codes?: readonly ProblemCode[];
  /** A request that works, where its parameters name what exists. */
  example?: {
    params?: Readonly<Record<string, string>>;
    query?: Readonly<Record<string, string>>;
    headers?: Readonly<Record<string, string>>;
    body?: unknown;
  };
  /** What the body should be, where the route itself takes more, so as to say better what is wrong. */
  body?: TSchema;
  /** The type of a body that is no JSON. */
  bodyType?: string;
  /** Takes an `Idempotency-Key`. */
  isIdempotent?: true;
};

/** Operations by method and path as the route has them, such as `GET /v1/messages/:id`. */
export type Operations = Readonly<Record<string, Operation>>;

export const TAGS = {
  Messages: 'Send mail, and see what became of it.',
  Templates: 'Push, try and roll back templates.',
  Suppressions: "The addresses that a client's live mail does not reach.",
  Webhooks: 'Events to URLs of the client.',
  'Dead letters': 'What was given up.',
  Inbox: 'What test mode kept instead of sending it.',
  Administration: 'Clients and their keys.',
  Service: 'Health, documents and what others call.',
} as const;
export type Tag = keyof typeof TAGS;

const need = (...groups: (readonly Scope[])[]): readonly (readonly Scope[])[] => groups;

/** The kinds of access there are, by name. */
export const ACCESS = {
  nobody: { caller: 'nobody' },
  sender: { caller: 'client', scopes: need(['send']) },
  reader: { caller: 'client', scopes: need(['read']) },
  senderAndReader: { caller: 'client', scopes: need(['send'], ['read']) },
  liveSender: { caller: 'client', scopes: need(['send']), isLive: true },
  liveReader: { caller: 'client', scopes: need(['read']), isLive: true },
  senderOrAdmin: { caller: 'any', scopes: need(['send', 'admin']) },
  readerOrAdmin: { caller: 'any', scopes: need(['read', 'admin']) },
  templateReader: { caller: 'any', scopes: need(['templates', 'read', 'admin']) },
  templateAuthor: { caller: 'any', scopes: need(['templates', 'admin']) },
  anyKey: { caller: 'any', scopes: [] },
  admin: { caller: 'any', scopes: need(['admin']) },
} as const satisfies Record<string, Access>;
