import { existsSync } from 'node:fs';
import { Command } from 'commander';
// Types only: the server itself is loaded when the command runs.
import type { FirstMail, RunningDev } from '@org/mail-server/dev';
import { CommandError } from '../command-error.ts';
import { toAnnouncement, toMailLine, toPushLine, toWelcome, welcomePropsOf } from '../dev-report.ts';
import { hasPort, TYPES_FILE } from '../environment.ts';
import { withExamples } from '../examples.ts';
import { stopInterruptions } from '../interruption.ts';
import type { TypesKeeper } from '../live-types.ts';
import { outputOf, type OutputFlags, withOutput } from '../options.ts';
import { dim, green, type Output, red } from '../output.ts';
import { type Progress, startProgress } from '../progress.ts';

type DevFlags = OutputFlags & {
  once?: boolean;
  data?: string;
  port?: string;
  templates?: string;
  types?: string;
};

const FIRST_MAIL_TIMEOUT_MS = 30_000;

/** `mailctl dev` */
export function devCommand(): Command {
  const command = withOutput(new Command('dev'))
    .description('run the whole service on this machine: no database, queue or account needed')
    .option('--once', 'send one mail through everything, tell what became of it, and end')
    .option('--port <port>', 'port of the API (or PORT)')
    .option('--data <folder>', 'where data is kept (or MAILER_DIR)')
    .option('--templates <folder>', 'templates to push and watch (or TEMPLATES_SOURCE_DIR)')
    .option(
      '--types <file>',
      `keep a declaration of the templates' props there, for the SDK (default: ${TYPES_FILE}, where there is one)`,
    )
    .action(dev);
  return withExamples(command, [
    'dev',
    'dev --port 4000 --templates mails',
    'dev --types src/mail-templates.d.ts',
    'dev --once --json',
  ]);
}

async function dev(flags: DevFlags): Promise<void> {
  // It stops by itself, in order.
  stopInterruptions();
  const startedAt = performance.now();
  const output = outputOf(flags);
  const progress = startProgress();
  progress.show('Loading the server');
  const server = await import('@org/mail-server/dev');
  let types: TypesKeeper | null = null;
  const running = await server.startDev({
    overrides: {
      // Nobody needs the port of a run that ends by itself.
      PORT: flags.port ?? (flags.once && !hasPort() ? '0' : undefined),
      MAILER_DIR: flags.data,
      TEMPLATES_SOURCE_DIR: flags.templates,
    },
    isQuiet: flags.once === true,
    onProgress: (text) => progress.show(text),
    onPush(report) {
      output.note(toPushLine(report));
      if (report.result.ok && report.result.isNew) void refresh(types, output);
    },
  });
  const readyMs = Math.round(performance.now() - startedAt);
  types = await keepTypes(running, flags, output);
  const session = { running, server, output, progress, readyMs };
  if (flags.once) await runOnce(session);
  else await runUntilStopped(session);
}

/** Where nobody has asked for the file, and there is none, nobody wants it. */
async function keepTypes(
  { url, keys, templatesDir }: RunningDev,
  { once, types: file = TYPES_FILE, types: asked }: DevFlags,
  output: Output,
): Promise<TypesKeeper | null> {
  if (once || (asked === undefined && !existsSync(file))) return null;
  const [{ createMailer }, { createTypesKeeper, readLiveTypes }, { withSourcesOf }] = await Promise.all([
    import('@org/mail-sdk'),
    import('../live-types.ts'),
    import('../local-types.ts'),
  ]);
  const mailer = createMailer({ baseUrl: url, apiKey: keys.apiKey });
  const onWritten = () => output.note(`${green('written')} ${file}`);
  const read = async () => withSourcesOf(templatesDir, await readLiveTypes(mailer));
  const types = createTypesKeeper({ read, file, onWritten });
  await refresh(types, output);
  return types;
}

/** A declaration that is behind is told, and no reason to end the service. */
async function refresh(types: TypesKeeper | null, output: Output): Promise<void> {
  try {
    await types?.refresh();
  } catch (error) {
    output.note(
      `${red('not written')} the declaration: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

type Session = {
  running: RunningDev;
  server: typeof import('@org/mail-server/dev');
  output: Output;
  progress: Progress;
  readyMs: number;
};

async function runOnce({ running, server, output, progress, readyMs }: Session): Promise<void> {
  try {
    progress.show('Sending a mail through everything');
    const mail = await sendFirstMail(running, server);
    const { messageId, status, subject, htmlBytes, textBytes, timeline } = mail;
    const answer = { messageId, status, subject, htmlBytes, textBytes, timeline, readyMs };
    if (status !== 'delivered') {
      throw new CommandError(
        'failed',
        `The mail ended as "${status}": ${mail.lastError ?? 'no reason was recorded'}.`,
      );
    }
    output.answer(answer, () => `${toMailLine(mail)}\n${dim(timeline.join(' > '))}`);
  } finally {
    await running.stop();
  }
}

async function runUntilStopped({ running, server, output, progress, readyMs }: Session): Promise<void> {
  let isStopping = false;
  const stopped = server.stopOnSignals({
    stop: running.stop,
    onStopping: () => {
      isStopping = true;
      output.note('\nFinishing what is under way (Ctrl-C again ends at once) ...');
    },
    deadlineMs: server.stopDeadlineMs(running.config),
  });
  try {
    const mail = running.keys.isFirstRun ? await announceMail(running, server, progress) : null;
    output.answer(toAnnouncement(running, mail, readyMs), () => toWelcome(running, mail, readyMs));
  } catch (error) {
    // The first mail cannot be followed to its end by a server that is stopping: that was asked for.
    if (!isStopping) {
      await running.stop();
      throw error;
    }
  }
  await stopped;
  output.note('Stopped.');
}

async function announceMail(
  running: RunningDev,
  server: Session['server'],
  progress: Progress,
): Promise<FirstMail> {
  progress.show('Sending the first mail');
  return sendFirstMail(running, server);
}

function sendFirstMail({ api, pushed }: RunningDev, server: Session['server']): Promise<FirstMail> {
  return server.sendFirstMail(api, {
    welcomeProps: welcomePropsOf(pushed),
    timeoutMs: FIRST_MAIL_TIMEOUT_MS,
  });
}
