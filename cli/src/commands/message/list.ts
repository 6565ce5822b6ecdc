import type { MessageQuery, MessageSummary } from '@org/mail-sdk';
import { CommandError } from '../../command-error.ts';
import { isBad, isStatus, STATUSES } from '../../message-status.ts';
import { mailerOf, outputOf, type ServiceFlags } from '../../options.ts';
import { green, red, toList } from '../../output.ts';
import { definedOnly, parsePast, parseTrace, parseWhole } from '../../parse-option.ts';

export type FilterFlags = { status?: string; to?: string; template?: string; since?: string };

type ListFlags = ServiceFlags & FilterFlags & { until?: string; trace?: string; limit: string };

const PAGE_SIZE = 100;

/** `mailctl message list` */
export async function list(flags: ListFlags): Promise<void> {
  const limit = parseWhole(flags.limit, '--limit', { maximum: 10_000 });
  const query: MessageQuery = {
    ...toFilter(flags),
    ...(flags.until === undefined ? {} : { until: parsePast(flags.until, '--until') }),
    ...(flags.trace === undefined ? {} : { traceId: parseTrace(flags.trace) }),
    limit: Math.min(limit, PAGE_SIZE),
  };
  const mailer = await mailerOf(flags);
  const found: MessageSummary[] = [];
  for await (const message of mailer.messages.list(query)) {
    found.push(message);
    if (found.length >= limit) break;
  }
  outputOf(flags).answer({ data: found }, () => (found.length === 0 ? 'No such messages.' : toTable(found)));
}

/** What `list` and `tail` have in common. @throws CommandError `usage` */
export function toFilter({
  status,
  to,
  template,
  since,
}: FilterFlags): Pick<MessageQuery, 'status' | 'recipient' | 'template' | 'since'> {
  if (status !== undefined && !isStatus(status))
    throw new CommandError(
      'usage',
      `"${status}" is no status of a message; there are ${STATUSES.join(', ')}.`,
    );
  return definedOnly({
    status,
    recipient: to,
    template,
    since: since === undefined ? undefined : parsePast(since, '--since'),
  });
}

function toTable(found: readonly MessageSummary[]): string {
  return toList(found, [
    { title: 'id', of: ({ id }) => id, isWhole: true },
    {
      title: 'status',
      of: ({ status }) => status,
      tint: (text) => (isBad(text.trim()) ? red(text) : green(text)),
      isWhole: true,
    },
    { title: 'to', of: ({ recipient }) => recipient },
    { title: 'subject', of: ({ subject }) => subject ?? '' },
    {
      title: 'template',
      of: ({ template, templateVersion }) => (template === null ? '' : `${template}@${templateVersion}`),
    },
    { title: 'at', of: ({ createdAt }) => createdAt.slice(0, 19).replace('T', ' '), isWhole: true },
  ]);
}
