import type { Socket } from 'bun';

/**
 * Hand-tuned SMTP: kept connections on which the envelope of a mail goes out in one write (RFC 2920). It trusts its
 * server: any answer that is not a good one is an error.
 */
export type ControlSmtp = {
  send(mail: { from: string; to: string; mime: Uint8Array }): Promise<void>;
  close(): void;
};

type Work = { envelope: string; mime: Uint8Array; resolve: () => void; reject: (error: Error) => void };
/** Replies that are still to come before the next step. */
type State = { work: Work | null; pending: number; isBodySent: boolean; rest: string };

const END = '\r\n.\r\n';

export async function connectControlSmtp(port: number, connections: number): Promise<ControlSmtp> {
  const waiting: Work[] = [];
  const idle: Socket<State>[] = [];

  const next = (socket: Socket<State>) => {
    const work = waiting.shift();
    if (!work) return void idle.push(socket);
    socket.data.work = work;
    socket.data.pending = 3;
    socket.data.isBodySent = false;
    socket.write(work.envelope);
  };
  const reply = (socket: Socket<State>, line: string) => {
    const { data } = socket;
    if (line[0] !== '2' && line[0] !== '3') return data.work?.reject(new Error(line));
    if (--data.pending > 0 || !data.work) return;
    if (data.isBodySent) {
      data.work.resolve();
      return next(socket);
    }
    data.isBodySent = true;
    data.pending = 1;
    socket.write(data.work.mime);
    socket.write(END);
  };

  for (let index = 0; index < connections; index += 1) {
    const ready = Promise.withResolvers<void>();
    let greetings = 0;
    const socket = await Bun.connect<State>({
      hostname: '127.0.0.1',
      port,
      data: { work: null, pending: 0, isBodySent: false, rest: '' },
      socket: {
        data(connection, chunk) {
          const lines = (connection.data.rest + chunk.toString('latin1')).split('\r\n');
          connection.data.rest = lines.pop() ?? '';
          for (const line of lines) {
            if (line[3] === '-') continue;
            if (greetings < 2) {
              greetings += 1;
              if (greetings === 1) connection.write('EHLO control\r\n');
              else ready.resolve();
            } else reply(connection, line);
          }
        },
      },
    });
    await ready.promise;
    idle.push(socket);
  }
  return {
    close() {
      for (const socket of idle) socket.end();
    },
    send: ({ from, to, mime }) =>
      new Promise((resolve, reject) => {
        const envelope = `MAIL FROM:<${from}>\r\nRCPT TO:<${to}>\r\nDATA\r\n`;
        waiting.push({ envelope, mime, resolve, reject });
        const socket = idle.pop();
        if (socket) next(socket);
      }),
  };
}
