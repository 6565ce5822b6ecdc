import { once } from 'node:events';
import {
  SMTPServer,
  type SMTPServerDataStream,
  type SMTPServerOptions,
  type SMTPServerSession,
} from 'smtp-server';

/** What the client said on the wire before its message. */
export type SinkEnvelope = {
  /** The envelope sender; empty for the null sender. */
  from: string;
  /** The envelope recipients that were accepted, in order. */
  to: readonly string[];
};

/** One mail that the sink took, with what the client said about it on the wire. */
export type SinkMail = SinkEnvelope & {
  /** The message as received: CRLF line ends, dot-stuffing undone. */
  raw: Uint8Array;
  /** Whether it came over TLS. */
  isSecure: boolean;
  /** Who had logged in. */
  user: string | null;
};

/** An SMTP reply that is not the good one. */
export type SmtpReply = { code: number; text: string };

/**
 * What the sink does at each point of the conversation; what is left out goes well. `drop` closes the connection
 * without a word, `hang` keeps it open without one.
 */
export type SinkPlan = {
  /** Asked for each connection, numbered from 1, instead of the 220 greeting. */
  greeting?: (connection: number) => SmtpReply | null;
  sender?: (address: string) => SmtpReply | null;
  recipient?: (address: string) => SmtpReply | null;
  /** `drop` closes the connection instead of answering DATA with 354, `cut` as soon as the first bytes of the message came. */
  data?: (envelope: SinkEnvelope) => 'drop' | 'cut' | null;
  /**
   * After the whole message has arrived. A mail whose answer is dropped or hangs was kept all the same, as by a
   * server that died a moment too early; one that is answered with a reply was not.
   */
  message?: (mail: SinkMail) => SmtpReply | 'drop' | 'hang' | null;
  /** How long the answer to a message takes. */
  answerDelayMs?: number | ((mail: SinkMail) => number);
  /** Told when the answer to a message goes out, whatever it says. */
  answered?: (mail: SinkMail) => void;
};

export type SinkOptions = {
  /** Requires this login; without it AUTH is not offered. */
  auth?: { user: string; pass: string };
  /** Offers STARTTLS, with a self-signed certificate. */
  startTls?: boolean;
  plan?: SinkPlan;
  /** A free one by default; a server that comes back takes the one it had. */
  port?: number;
};

/** A real SMTP server on a loopback port that keeps what it gets. */
export type SmtpSink = {
  host: string;
  port: number;
  readonly mails: readonly SinkMail[];
  /** Connections accepted so far, refused ones included. */
  connectionCount(): number;
  /** Connections open now. */
  openCount(): number;
  /** Replaces the plan, for what comes from now on. */
  setPlan(plan: SinkPlan): void;
  /** Forgets the mails so far. */
  clear(): void;
  /** Resolves with all mails as soon as there are so many. */
  waitForMails(count: number): Promise<readonly SinkMail[]>;
  /** Resolves with the first mail, already here or yet to come, that meets the predicate. */
  waitForMail(predicate: (mail: SinkMail) => boolean): Promise<SinkMail>;
  /** Closes every open connection, as a server does with idle ones. */
  dropConnections(): void;
  /** Ends the server; whoever still waits for a mail gets an error. Safe to call twice. */
  stop(): Promise<void>;
};

type Waiter = { isMet: () => boolean; resolve: () => void; reject: (error: Error) => void };

type Mailbox = ReturnType<typeof createMailbox>;

function createMailbox() {
  const mails: SinkMail[] = [];
  let waiters: Waiter[] = [];
  const waitUntil = (isMet: () => boolean): Promise<void> => {
    if (isMet()) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    waiters.push({ isMet, resolve, reject });
    return promise;
  };
  return {
    mails,
    waitUntil,
    keep(mail: SinkMail): void {
      mails.push(mail);
      const met = waiters.filter((waiter) => waiter.isMet());
      waiters = waiters.filter((waiter) => !met.includes(waiter));
      for (const waiter of met) waiter.resolve();
    },
    close(): void {
      const left = waiters;
      waiters = [];
      for (const waiter of left) waiter.reject(new Error(`the sink ended with ${mails.length} mails`));
    },
  };
}

function toError(reply: SmtpReply | null | undefined): Error | null {
  return reply ? Object.assign(new Error(reply.text), { responseCode: reply.code }) : null;
}

/** Closes the connection under a session; smtp-server itself only ever ends one politely. */
function dropConnection(server: SMTPServer, session: SMTPServerSession): void {
  for (const connection of server.connections) {
    if (connection.session.id === session.id) connection._socket.destroy();
  }
}

function readEnvelope({ envelope: { mailFrom, rcptTo } }: SMTPServerSession): SinkEnvelope {
  return {
    from: mailFrom === false ? '' : mailFrom.address,
    to: rcptTo.map((recipient) => recipient.address),
  };
}

async function readMail(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<SinkMail> {
  // Taken now: smtp-server reuses the session's envelope for the next mail on the connection.
  const envelope = readEnvelope(session);
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) {
    if (chunk instanceof Uint8Array) chunks.push(chunk);
  }
  const user: unknown = session.user;
  return {
    ...envelope,
    raw: Buffer.concat(chunks),
    isSecure: session.secure,
    user: typeof user === 'string' ? user : null,
  };
}

type Conversation = {
  server: () => SMTPServer;
  plan: () => SinkPlan;
  mailbox: Mailbox;
};

async function takeMessage(
  { server, plan, mailbox }: Conversation,
  stream: SMTPServerDataStream,
  session: SMTPServerSession,
): Promise<{ error: Error | null } | 'no answer'> {
  const cut = plan().data?.(readEnvelope(session)) ?? null;
  if (cut === 'cut') await once(stream, 'readable');
  if (cut !== null) {
    dropConnection(server(), session);
    return 'no answer';
  }
  const mail = await readMail(stream, session);
  const verdict = plan().message?.(mail) ?? null;
  const { answerDelayMs: delay = 0 } = plan();
  const delayMs = typeof delay === 'number' ? delay : delay(mail);
  const isKept = verdict === null || typeof verdict === 'string';
  if (isKept) mailbox.keep(mail);
  if (delayMs > 0) await Bun.sleep(delayMs);
  if (verdict === 'drop') dropConnection(server(), session);
  if (verdict === 'drop' || verdict === 'hang') return 'no answer';
  plan().answered?.(mail);
  return { error: toError(verdict) };
}

function toServerOptions(options: SinkOptions, conversation: Conversation): SMTPServerOptions {
  const { auth, startTls = false } = options;
  let connections = 0;
  return {
    // Also keeps smtp-server from warning about its built-in certificate, which is what a test wants.
    logger: false,
    banner: 'sink',
    disableReverseLookup: true,
    authOptional: auth === undefined,
    // Without STARTTLS smtp-server allows a login in clear text.
    disabledCommands: [...(startTls ? [] : ['STARTTLS']), ...(auth ? [] : ['AUTH'])],
    closeTimeout: 1,
    onConnect(_session, callback) {
      connections += 1;
      callback(toError(conversation.plan().greeting?.(connections)));
    },
    onAuth({ username, password }, _session, callback) {
      const isRight = auth !== undefined && username === auth.user && password === auth.pass;
      if (!isRight) {
        callback(toError({ code: 535, text: 'Authentication failed' }));
        return;
      }
      callback(null, { user: username });
    },
    onMailFrom({ address }, _session, callback) {
      callback(toError(conversation.plan().sender?.(address)));
    },
    onRcptTo({ address }, _session, callback) {
      callback(toError(conversation.plan().recipient?.(address)));
    },
    async onData(stream, session, callback) {
      try {
        const answer = await takeMessage(conversation, stream, session);
        if (answer !== 'no answer') callback(answer.error);
      } catch (error) {
        // The client left in the middle of its message: there is nobody to answer.
        callback(error instanceof Error ? error : new Error(String(error)));
      }
    },
  };
}

async function listen(server: SMTPServer, wanted: number): Promise<number> {
  const listening = Promise.withResolvers<number>();
  const listener = server.listen(wanted, '127.0.0.1', () => {
    const address = listener.address();
    if (address === null || typeof address === 'string') listening.reject(new Error('no TCP address'));
    else listening.resolve(address.port);
  });
  server.once('error', listening.reject);
  const port = await listening.promise;
  // A client that breaks a connection is part of many tests, and none of its errors is the sink's.
  server.on('error', () => undefined);
  return port;
}

/** Starts a sink and resolves when it listens. */
export async function startSmtpSink(options: SinkOptions = {}): Promise<SmtpSink> {
  let plan = options.plan ?? {};
  let accepted = 0;
  const mailbox = createMailbox();
  const conversation: Conversation = { server: () => server, plan: () => plan, mailbox };
  const server: SMTPServer = new SMTPServer(toServerOptions(options, conversation));
  server.server.on('connection', () => {
    accepted += 1;
  });
  const port = await listen(server, options.port ?? 0);
  const { mails } = mailbox;
  const dropConnections = (): void => {
    for (const connection of server.connections) connection._socket.destroy();
  };
  const stopServer = (): Promise<void> => {
    mailbox.close();
    const closed = Promise.withResolvers<void>();
    server.close(() => closed.resolve());
    dropConnections();
    return closed.promise;
  };
  let stopped: Promise<void> | null = null;
  return {
    host: '127.0.0.1',
    port,
    mails,
    connectionCount: () => accepted,
    openCount: () => server.connections.size,
    setPlan(next) {
      plan = next;
    },
    clear() {
      mails.length = 0;
    },
    async waitForMails(count) {
      await mailbox.waitUntil(() => mails.length >= count);
      return [...mails];
    },
    async waitForMail(predicate) {
      let found: SinkMail | undefined;
      await mailbox.waitUntil(() => {
        found = mails.find(predicate);
        return found !== undefined;
      });
      if (!found) throw new Error('the mail that was waited for is gone');
      return found;
    },
    dropConnections,
    stop() {
      stopped ??= stopServer();
      return stopped;
    },
  };
}
