import { fileURLToPath } from 'node:url';
import { toFormatted } from './formatted-json.ts';

/** What one piece of a page did. */
export type ShellAnswer = { shown: string; statuses: number[] };

/** A shell that stays open, so that what one piece sets a later one has. */
export type Shell = {
  /** Runs a piece to its end. Throws where a command of it fails. */
  run(code: string): Promise<ShellAnswer>;
  close(): Promise<void>;
};

const END = '\u001E';

/** curl's own code for `--max-time`, which is how a page ends what has no end. */
const TIMED_OUT = 28;

const MAIN = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));

/** curl is content with any answer, so that the status of each is told aside. mailctl is this repository's. */
const PRELUDE = [
  String.raw`curl() { command curl --silent --show-error -w '%{stderr}status %{http_code}\n' "$@"; }`,
  `mailctl() { '${process.execPath}' '${MAIN}' "$@"; }`,
].join('\n');

export function openShell(environment: Record<string, string>, cwd: string): Shell {
  const child = Bun.spawn(['bash', '--noprofile', '--norc'], {
    env: environment,
    cwd,
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const outputs = [createTurns(child.stdout), createTurns(child.stderr)] as const;
  const tell = `{ code=$?; printf '%s${END}' "$code"; printf '${END}' >&2; }`;
  child.stdin.write(`${PRELUDE}\n`);
  return {
    async run(code) {
      child.stdin.write(`{\n${code}\n} </dev/null\n${tell}\n`);
      child.stdin.flush();
      const [output, errors] = await Promise.all([outputs[0].next(), outputs[1].next()]);
      const exitCode = Number(/\d+$/.exec(output)?.[0]);
      if (exitCode !== 0 && exitCode !== TIMED_OUT) {
        throw new Error(`this ended with ${exitCode}:\n${code}\n${output}\n${errors}`);
      }
      const statuses = [...errors.matchAll(/^status (\d+)$/gm)].map(([, status]) => Number(status));
      return { shown: output.replace(/\d+$/, ''), statuses };
    },
    async close() {
      child.stdin.end();
      await child.exited;
    },
  };
}

/** Reads what a stream has up to each mark. */
function createTurns(stream: ReadableStream<Uint8Array>) {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  return {
    async next(): Promise<string> {
      while (!rest.includes(END)) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`the shell ended by itself: ${rest}`);
        rest += decoder.decode(value, { stream: true });
      }
      const [turn = '', ...others] = rest.split(END);
      rest = others.join(END);
      return turn;
    },
  };
}

/** An answer as a page shows it: JSON with line breaks, whether it came alone or behind headers. */
export function toAnswerBlock(shown: string): string {
  const text = shown.replaceAll('\r\n', '\n').trim();
  if (!text.startsWith('HTTP/')) return toBody(text, 'text');
  const [head = '', body = ''] = text.split(/\n\n([^]*)/);
  return `\`\`\`http\n${[head, toFormatted(body) ?? body].join('\n\n').trim()}\n\`\`\``;
}

function toBody(text: string, otherwise: string): string {
  const formatted = toFormatted(text);
  return `\`\`\`${formatted === null ? otherwise : 'json'}\n${formatted ?? text}\n\`\`\``;
}
