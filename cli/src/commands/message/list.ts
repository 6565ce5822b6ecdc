import type { MessageQuery, MessageStatus, MessageSummary } from '@org/mail-sdk';
import { isBad } from '../../message-status.ts';
import { mailerOf, outputOf, type ServiceFlags } from '../../options.ts';
import { green, red, toList } from '../../output.ts';
import { firstOf } from '../../pages.ts';
import { definedOnly, parsePast, parseTrace, parseWhole } from '../../parse-option.ts';
import { toShortTime } from '../../record.ts';

export type FilterFlags = { status?: MessageStatus; to?: string; template?: string; since?: string };

type ListFlags = ServiceFlags & FilterFlags & { until?: string; trace?: string; limit: string };

/** `mailctl message list` */
export async function list(flags: ListFlags): Promise<void> {
  const limit = parseWhole(flags.limit, '--limit', { maximum: 10_000 });
  const query: MessageQuery = {
    ...toFilter(flags),
    ...(flags.until === undefined ? {} : { until: parsePast(flags.until, '--until') }),
    ...(flags.trace === undefined ? {} : { traceId: parseTrace(flags.trace) }),
  };
  const mailer = await mailerOf(flags);
  const found = await firstOf(limit, (page) => mailer.messages.list({ ...query, ...page }));
  outputOf(flags).answer({ data: found }, () => (found.length === 0 ? 'No such messages.' : toTable(found)));
}

/** What `list` and `tail` have in common. @throws CommandError `usage` for a time that is none */
export function toFilter({
  status,
  to,
  template,
  since,
}: FilterFlags): Pick<MessageQuery, 'status' | 'recipient' | 'template' | 'since'> {
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
    { title: 'at', of: ({ createdAt }) => toShortTime(createdAt), isWhole: true },
  ]);
}
