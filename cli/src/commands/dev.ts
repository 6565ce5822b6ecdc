import { relative } from 'node:path';
import { Command } from 'commander';
import { CommandError } from '../command-error.ts';
import { hasPort, programName } from '../environment.ts';
import { outputOf, type OutputFlags, withOutput } from '../options.ts';
import { bold, cyan, dim, green, type Output, red, toReasons, toTable, toWarningLines } from '../output.ts';
import { type Progress, startProgress } from '../progress.ts';
// Types only: the server itself is loaded when the command runs.
import type { FirstMail, PushReport, RunningDev } from '@org/mail-server/dev';

type DevFlags = OutputFlags & { once?: boolean; dir?: string; port?: string; templates?: string };

const FIRST_MAIL_TIMEOUT_MS = 30_000;

/** `mailctl dev` */
export function devCommand(): Command {
  return withOutput(new Command('dev'))
    .description('run the whole service on this machine: no database, queue or account needed')
    .option('--once', 'send one mail through everything, tell what became of it, and end')
    .option('--port <port>', 'port of the API (or PORT)')
    .option('--dir <folder>', 'where data is kept (or MAILER_DIR)')
    .option('--templates <folder>', 'templates to push and watch (or TEMPLATES_SOURCE_DIR)')
    .action(dev);
}

async function dev(flags: DevFlags): Promise<void> {
  const startedAt = performance.now();
  const output = outputOf(flags);
  const progress = startProgress();
  progress.show('Loading the server');
  const server = await import('@org/mail-server/dev');
  const running = await server.startDev({
    overrides: {
      // Nobody needs the port of a run that ends by itself.
      PORT: flags.port ?? (flags.once && !hasPort() ? '0' : undefined),
      MAILER_DIR: flags.dir,
      TEMPLATES_SOURCE_DIR: flags.templates,
    },
    isQuiet: flags.once === true,
    onProgress: (text) => progress.show(text),
    onPush: (report) => output.note(toPushLine(report)),
  });
  const readyMs = Math.round(performance.now() - startedAt);
  const session = { running, server, output, progress, readyMs };
  if (flags.once) await runOnce(session);
  else await runUntilStopped(session);
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
  const stopped = server.stopOnSignals(
    () => running.stop(),
    () => output.note('\nFinishing what is under way (Ctrl-C again ends at once) ...'),
  );
  try {
    const mail = running.keys.isFirstRun ? await announceMail(running, server, progress) : null;
    output.answer(toAnswer(running, mail, readyMs), () => toWelcome(running, mail, readyMs));
  } catch (error) {
    await running.stop();
    throw error;
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

function welcomePropsOf(pushed: readonly PushReport[]): Record<string, unknown> | null {
  const welcome = pushed.find(({ name }) => name === 'welcome')?.result;
  return welcome?.ok ? welcome.previewProps : null;
}

function toAnswer(
  { url, profileName, keys, templatesDir, pushed }: RunningDev,
  mail: FirstMail | null,
  readyMs: number,
) {
  return {
    url,
    profile: profileName,
    apiKey: keys.apiKey,
    templatesDir,
    templates: pushed.map(({ name, result }) => ({ name, ok: result.ok })),
    firstMail: mail,
    readyMs,
  };
}

function toWelcome(running: RunningDev, mail: FirstMail | null, readyMs: number): string {
  const { url, profileName, config, keys, templatesDir, pushed } = running;
  const failed = pushed.filter(({ result }) => !result.ok);
  const outgoing = config.smtp
    ? `mail goes out through ${config.smtp.host}:${config.smtp.port}`
    : 'nothing leaves this machine';
  const rows = [
    ['API', cyan(url), dim(`${profileName} profile, data in ${shorten(config.mailerDir)}`)],
    ['Inbox', cyan(`${url}/v1/inbox`), dim(outgoing)],
    [
      'Templates',
      shorten(templatesDir),
      dim(`${pushed.length - failed.length} pushed, watching for changes`),
    ],
  ];
  const keyRows = [
    ['Key', keys.apiKey],
    ...(keys.adminApiKey === null ? [] : [['Admin key', keys.adminApiKey]]),
    ['', dim(`kept in ${shorten(config.mailerDir)}/credentials.json, where mailctl finds them`)],
  ];
  const sections = [
    `${bold('Mail service')} ready in ${(readyMs / 1000).toFixed(1)} s`,
    toTable(rows),
    toTable(keyRows),
    ...failed.map(toPushLine),
    ...(mail === null
      ? []
      : [`${bold('First mail')}  ${toMailLine(mail)}\n${cyan(`${url}/v1/inbox/${mail.messageId}`)}`]),
    `${bold('Try next')}\n${toNextSteps(mail?.messageId ?? null, welcomePropsOf(pushed)).join('\n')}`,
    dim('Edit a template and see it pushed here. Ctrl-C stops.'),
  ];
  return `\n${sections.join('\n\n')}\n`;
}

function toNextSteps(messageId: string | null, welcomeProps: Record<string, unknown> | null): string[] {
  const name = programName();
  const id = messageId ?? '<messageId>';
  return [
    welcomeProps === null
      ? `  ${name} send --to you@example.com --subject Hello --text 'It works'`
      : `  ${name} send welcome --to you@example.com --props '${JSON.stringify(welcomeProps)}'`,
    `  ${name} message get ${id}`,
    `  ${name} message content ${id} --html > mail.html`,
  ];
}

function toMailLine({ status, subject, lastError }: FirstMail): string {
  const state = status === 'delivered' || status === 'sent' ? green(status) : red(status);
  return `"${subject ?? ''}"  ${state}${lastError === null ? '' : `  ${red(lastError)}`}`;
}

function toPushLine({ name, durationMs, result }: PushReport): string {
  if (result.ok && !result.isNew) return dim(`${name} is unchanged`);
  if (result.ok) {
    const line = `${green('pushed')} ${bold(name)} version ${result.version} in ${Math.round(durationMs)} ms`;
    return [line, ...toWarningLines(result.warnings)].join('\n');
  }
  return `${red('not pushed')} ${bold(name)}  ${toReasons({ message: result.detail, errors: result.errors })}`;
}

function shorten(path: string): string {
  const short = relative(process.cwd(), path);
  return short === '' ? '.' : short.startsWith('..') ? path : short;
}
