import { relative } from 'node:path';
// Types only: the server itself is loaded when the command runs.
import type { FirstMail, PushReport, RunningDev } from '@org/mail-server/dev';
import { programName } from './environment.ts';
import { bold, cyan, dim, green, red, toReasons, toTable, toWarningLines } from './output.ts';

/** Props that the author of the welcome template tries it with; null where it was not pushed. */
export function welcomePropsOf(pushed: readonly PushReport[]): Record<string, unknown> | null {
  const welcome = pushed.find(({ name }) => name === 'welcome')?.result;
  return welcome?.ok ? welcome.previewProps : null;
}

/** What `mailctl dev` announces to programs. */
export function toAnnouncement(
  { url, profileName, keys, pages, templatesDir, pushed }: RunningDev,
  mail: FirstMail | null,
  readyMs: number,
) {
  return {
    url,
    profile: profileName,
    apiKey: keys.apiKey,
    pages,
    templatesDir,
    templates: pushed.map(({ name, result }) => ({ name, ok: result.ok })),
    firstMail: mail,
    readyMs,
  };
}

function toWayOut(provider: RunningDev['config']['providers'][number]): string {
  return provider.kind === 'smtp' ? `${provider.host}:${provider.port}` : provider.name;
}

/** What `mailctl dev` announces to people. */
export function toWelcome(running: RunningDev, mail: FirstMail | null, readyMs: number): string {
  const { url, profileName, config, keys, pages, templatesDir, pushed } = running;
  const failed = pushed.filter(({ result }) => !result.ok);
  const outgoing =
    config.providers.length > 0
      ? `mail goes out through ${config.providers.map(toWayOut).join(', ')}`
      : 'nothing leaves this machine';
  const rows = [
    ['API', cyan(url), dim(`${profileName} profile, data in ${shorten(config.mailerDir)}`)],
    [
      'Templates',
      shorten(templatesDir),
      dim(`${pushed.length - failed.length} pushed, watching for changes`),
    ],
  ];
  const pageRows = [
    ['Inbox', cyan(pages.inbox)],
    ['', dim(`${outgoing}; the link lets a browser in`)],
    ['Preview', cyan(pages.preview)],
  ];
  const keyRows = [
    ['Key', keys.apiKey],
    ...(keys.adminApiKey === null ? [] : [['Admin key', keys.adminApiKey]]),
    ['', dim(`kept in ${shorten(config.mailerDir)}/credentials.json, where mailctl finds them`)],
  ];
  const sections = [
    `${bold('Mail service')} ready in ${(readyMs / 1000).toFixed(1)} s`,
    toTable(rows),
    toTable(pageRows),
    toTable(keyRows),
    ...failed.map(toPushLine),
    ...(mail === null
      ? []
      : [`${bold('First mail')}  ${toMailLine(mail)}\n${cyan(toMailLink(pages.inbox, mail.messageId))}`]),
    `${bold('Try next')}\n${toNextSteps(mail?.messageId ?? null, welcomePropsOf(pushed)).join('\n')}`,
    dim('Edit a template and see it pushed here. Ctrl-C stops.'),
  ];
  return `\n${sections.join('\n\n')}\n`;
}

/** With the key too: it may be the first link that is followed. */
function toMailLink(inbox: string, messageId: string): string {
  const link = new URL(inbox);
  link.pathname += `/${messageId}`;
  return link.href;
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

/** One line about what became of a mail. */
export function toMailLine({ status, subject, lastError }: FirstMail): string {
  const state = status === 'delivered' || status === 'sent' ? green(status) : red(status);
  return `"${subject ?? ''}"  ${state}${lastError === null ? '' : `  ${red(lastError)}`}`;
}

/** One line about a pushed template, and the places where it was refused. */
export function toPushLine({ name, durationMs, result }: PushReport): string {
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
