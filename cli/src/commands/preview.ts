import { Command } from 'commander';
import { CommandError } from '../command-error.ts';
import { findConnection } from '../connection.ts';
import { cacheFolder, programName } from '../environment.ts';
import { withExamples } from '../examples.ts';
import { stopInterruptions } from '../interruption.ts';
import { DEFAULT_FOLDER } from '../local-templates.ts';
import { outputOf, type ServiceFlags, withConnection } from '../options.ts';
import { bold, cyan, dim } from '../output.ts';

type PreviewFlags = ServiceFlags & { dir: string; port: string; open?: boolean };

const DEFAULT_PORT = '3026';
const STOP_DEADLINE_MS = 5000;

/** `mailctl preview` */
export function previewCommand(): Command {
  const command = withConnection(new Command('preview'))
    .description('see templates in a browser, anew at each save: no service needed')
    .option('--dir <folder>', 'the folder of templates', DEFAULT_FOLDER)
    .option('--port <port>', 'where the page is', DEFAULT_PORT)
    .option('--open', 'open it in a browser')
    .action(preview);
  return withExamples(command, ['preview', 'preview --dir mails --open', 'preview --port 4100']);
}

async function preview(flags: PreviewFlags): Promise<void> {
  const startedAt = performance.now();
  const port = parsePort(flags.port);
  const output = outputOf(flags);
  const [server, connection] = await Promise.all([import('@org/mail-server/preview'), findConnection(flags)]);
  const { baseUrl, apiKey } = connection;
  const service = apiKey === null ? null : { url: baseUrl, apiKey };
  const running = await server.startPreview({ folder: flags.dir, port, cacheDir: cacheFolder(), service });
  // From here on it stops by itself, in order; before it says that it is there, because then somebody may stop it.
  const stopped = server.stopOnSignals({ stop: running.stop, deadlineMs: STOP_DEADLINE_MS });
  stopInterruptions();
  const url = `${running.url}/preview`;
  const readyMs = Math.round(performance.now() - startedAt);
  const answer = {
    url,
    dir: flags.dir,
    templates: running.templates,
    service: service?.url ?? null,
    readyMs,
  };
  output.answer(answer, () => toWelcome(answer));
  if (flags.open) openInBrowser(url);
  await stopped;
  output.note('Stopped.');
}

/** @throws CommandError `usage` */
function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (port >= 0 && port <= 65_535) return port;
  throw new CommandError('usage', `"${text}" is not a port; it is a number from 0 to 65535.`);
}

type Announcement = {
  url: string;
  dir: string;
  templates: readonly string[];
  service: string | null;
  readyMs: number;
};

function toWelcome({ url, dir, templates, service, readyMs }: Announcement): string {
  const count = `${templates.length} ${templates.length === 1 ? 'template' : 'templates'}`;
  return [
    `\n${bold('Preview')} of ${count} in ${dir}, ready in ${readyMs} ms`,
    `\n  ${cyan(url)}`,
    dim(
      service === null
        ? `\nVersions and test mails need a service: "${programName()} login", or "${programName()} dev" here.`
        : `\nVersions and test mails go through ${service}.`,
    ),
    dim('Edit a template and see it change. Ctrl-C stops.\n'),
  ].join('\n');
}

const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  darwin: ['open'],
  win32: ['explorer'],
};

/** A machine without a browser has the address on its terminal all the same. */
function openInBrowser(url: string): void {
  const [program = 'xdg-open', ...args] = OPENERS[process.platform] ?? [];
  try {
    Bun.spawn([program, ...args, url], { stdio: ['ignore', 'ignore', 'ignore'] }).unref();
  } catch {
    // Nothing there to open it with.
  }
}
