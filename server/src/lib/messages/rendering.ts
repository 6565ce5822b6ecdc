import { resolveLocale } from '../engine/locales.ts';
import type { Engine } from '../engine/engine.ts';
import { findTemplateVersion } from '../db/templates.ts';
import type { Db } from '../db/database.ts';
import type { Message } from '../db/messages.ts';
import { renderHash } from './render-hash.ts';

/** What a recipient sees, and what it was made with. */
export type RenderedMessage = {
  subject: string;
  html: string | null;
  text: string | null;
  hash: string;
  engineVersion: string | null;
  /** Which locales were looked into, for the timeline; null where that was no question. */
  localeTrail: string | null;
};

export type MessageRendering =
  | { ok: true; rendered: RenderedMessage }
  | { ok: false; code: string; message: string; isKilled: boolean };

/** As the API allows a caller's own. */
const MAX_SUBJECT_LENGTH = 998;

const KILL_CODES: readonly string[] = ['template_timeout', 'template_memory'];

/**
 * Renders a message from its pinned template version, or takes the body it came with. Time and randomness inside the
 * template are pinned to the message, so that the same message always gives the same bytes on the same engine.
 */
export async function renderMessage(
  { db, engine }: { db: Db; engine: Engine },
  message: Message,
): Promise<MessageRendering> {
  if (message.templateVersionId === null) {
    return succeed({
      subject: message.subject ?? '',
      html: message.html,
      text: message.text,
      engineVersion: null,
      localeTrail: null,
    });
  }
  const version = await findTemplateVersion(db, message.templateVersionId);
  if (!version)
    return { ok: false, code: 'template_missing', message: 'the template version is gone', isKilled: false };
  const locale = resolveLocale(version, message.locale);
  const result = await engine.render({
    sandboxKey: message.clientId,
    template: {
      contentHash: version.contentHash,
      load: async () => ({ entry: version.entry, files: version.files }),
    },
    propsJson: message.props ?? '{}',
    pins: { now: message.createdAt.getTime(), seed: message.id },
    locale,
  });
  if (!result.ok)
    return {
      ok: false,
      code: result.code,
      message: result.message,
      isKilled: KILL_CODES.includes(result.code),
    };
  const subject = message.givenSubject ?? result.subject ?? message.templateName ?? '';
  return succeed({
    // One line already: the engine sees to a template's, the API to a caller's.
    subject: subject.slice(0, MAX_SUBJECT_LENGTH),
    html: result.html,
    text: result.text,
    engineVersion: result.engineVersion,
    localeTrail: locale?.trail ?? null,
  });
}

function succeed(content: Omit<RenderedMessage, 'hash'>): MessageRendering {
  return { ok: true, rendered: { ...content, hash: renderHash(content) } };
}
