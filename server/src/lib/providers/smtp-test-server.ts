import { createServer, type Server, type Socket } from 'node:net';

export type ReceivedMail = { from: string; to: string[]; data: string };

/** Where the conversation stands: `GREETING`, a verb such as `MAIL`, `BODY` (its first bytes) or `END` (after the dot). */
export type SmtpMoment = { verb: string; line: string; connection: number; bodyBytes: number };

/** A reply line, or what to do instead: `drop` cuts the connection, `silence` answers nothing; null is the usual reply. */
export type ScriptedReply = string | null | Promise<string | null>;

export type SmtpTestServer = {
  readonly port: number;
  /** Whatever was taken in whole, also where the reply to it was a refusal or nothing. */
  readonly mails: ReceivedMail[];
  /** Verbs in order, with `BODY`, `END` and `CLOSED`. */
  readonly log: string[];
  readonly counts: { connections: number; open: number; mostOpen: number };
  /** Resolves as soon as the condition holds; it is looked at after every event. */
  until(condition: () => boolean): Promise<void>;
  /** Writes a line on every connection that nobody has asked for. */
  say(line: string): void;
  dropAll(): void;
  stop(): Promise<void>;
};

type ServerOptions = {
  reply?: (moment: SmtpMoment) => ScriptedReply;
  extensions?: readonly string[];
  /** Sends every byte by itself. */
  isPiecemeal?: boolean;
};

type Conversation = {
  socket: Socket;
  connection: number;
  text: string;
  isInBody: boolean;
  mail: ReceivedMail;
  bodyBytes: number;
};

const USUAL: Record<string, string> = {
  GREETING: '220 test.example ESMTP',
  HELO: '250 test.example',
  AUTH: '235 signed in',
  MAIL: '250 sender ok',
  RCPT: '250 recipient ok',
  DATA: '354 go on',
  END: '250 2.0.0 Ok: queued as Q123',
  RSET: '250 reset',
  STARTTLS: '502 not here',
  QUIT: '221 bye',
};

/** A real SMTP conversation on a loopback port whose every reply a test may change, delay or withhold. */
export async function startSmtpTestServer(options: ServerOptions = {}): Promise<SmtpTestServer> {
  const reply = options.reply ?? (() => null);
  const { isPiecemeal = false } = options;
  const extensions = options.extensions ?? ['PIPELINING', 'AUTH PLAIN LOGIN'];
  const mails: ReceivedMail[] = [];
  const log: string[] = [];
  const counts = { connections: 0, open: 0, mostOpen: 0 };
  const sockets = new Set<Socket>();
  const waiting = new Set<() => void>();

  function note(event?: string): void {
    if (event !== undefined) log.push(event);
    for (const look of waiting) look();
  }

  async function answer(conversation: Conversation, verb: string, line: string): Promise<void> {
    note(verb);
    const { socket, connection, bodyBytes } = conversation;
    const write = (text: string) => (isPiecemeal ? writeInPieces(socket, text) : socket.write(text));
    const scripted = await reply({ verb, line, connection, bodyBytes });
    if (scripted === 'drop') socket.destroy();
    else if (scripted === 'silence' || socket.destroyed) return;
    else if (scripted !== null) await write(`${scripted}\r\n`);
    else if (verb === 'EHLO') await write(['test.example', ...extensions].map(toEhloLine).join(''));
    else if (USUAL[verb] !== undefined) await write(`${USUAL[verb]}\r\n`);
    if (verb === 'DATA' && (scripted ?? USUAL['DATA'])?.startsWith('354')) conversation.isInBody = true;
    if (verb === 'QUIT') socket.end();
  }

  function startConversation(socket: Socket): void {
    counts.connections += 1;
    counts.open += 1;
    counts.mostOpen = Math.max(counts.mostOpen, counts.open);
    sockets.add(socket);
    const conversation: Conversation = {
      socket,
      connection: counts.connections,
      text: '',
      isInBody: false,
      mail: emptyMail(),
      bodyBytes: 0,
    };
    let turn = answer(conversation, 'GREETING', '');
    const next = async (previous: Promise<void>) => {
      await previous;
      await readOn(conversation);
    };
    socket.on('data', (chunk) => {
      conversation.text += chunk.toString('latin1');
      turn = next(turn);
    });
    socket.on('error', () => {}); // A cut connection is what many of the tests are about.
    socket.on('close', () => {
      counts.open -= 1;
      sockets.delete(socket);
      note('CLOSED');
    });
    note();
  }

  async function readOn(conversation: Conversation): Promise<void> {
    for (;;) {
      if (conversation.isInBody) {
        if (!(await readBody(conversation))) return;
        continue;
      }
      const end = conversation.text.indexOf('\r\n');
      if (end === -1) return;
      const line = conversation.text.slice(0, end);
      conversation.text = conversation.text.slice(end + 2);
      const verb = (line.split(' ')[0] ?? '').toUpperCase();
      const address = /<(.*)>/.exec(line)?.[1] ?? '';
      if (verb === 'MAIL') conversation.mail = { ...emptyMail(), from: address };
      if (verb === 'RCPT') conversation.mail.to.push(address);
      await answer(conversation, verb, line);
    }
  }

  async function readBody(conversation: Conversation): Promise<boolean> {
    const isFirst = conversation.bodyBytes === 0;
    conversation.bodyBytes = conversation.text.length;
    if (conversation.text === '') return false;
    if (isFirst) await answer(conversation, 'BODY', '');
    const end = conversation.text.startsWith('.\r\n') ? -2 : conversation.text.indexOf('\r\n.\r\n');
    if (end === -1) return false;
    const data = conversation.text.slice(0, Math.max(end, 0)).replace(/(^|\r\n)\.\./g, '$1.');
    mails.push({ ...conversation.mail, data });
    conversation.text = conversation.text.slice(end + 5);
    conversation.isInBody = false;
    conversation.bodyBytes = 0;
    await answer(conversation, 'END', '');
    return true;
  }

  const server = createServer(startConversation);
  return {
    port: await listen(server),
    mails,
    log,
    counts,
    until: (condition) =>
      new Promise((resolve) => {
        const look = () => {
          if (!condition()) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    say(line) {
      for (const socket of sockets) socket.write(`${line}\r\n`);
    },
    dropAll() {
      for (const socket of sockets) socket.destroy();
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function writeInPieces(socket: Socket, text: string): Promise<void> {
  socket.setNoDelay(true);
  for (const piece of text) {
    socket.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function emptyMail(): ReceivedMail {
  return { from: '', to: [], data: '' };
}

function toEhloLine(text: string, index: number, lines: string[]): string {
  return `250${index === lines.length - 1 ? ' ' : '-'}${text}\r\n`;
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the test server has no port');
  return address.port;
}
