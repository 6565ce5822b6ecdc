import type { Db } from '../db/database.ts';
import type { Message } from '../db/messages.ts';
import { findTemplateVersion } from '../db/templates.ts';
import type { Engine, RenderFailure, RenderSuccess, TemplateSources } from '../engine/engine.ts';
import { localeFiles, resolveLocale } from '../engine/locales.ts';
import type { MessageBody } from '../blobs/message-content.ts';
import { isContentRemoved } from './removed-content.ts';
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

/** What rendering needs of a message. */
export type RenderableMessage = Pick<
  Message,
  | 'id'
  | 'clientId'
  | 'templateVersionId'
  | 'templateName'
  | 'props'
  | 'locale'
  | 'html'
  | 'text'
  | 'bodyBlob'
  | 'givenSubject'
  | 'subject'
  | 'createdAt'
>;

export type BodyLoader = (message: Pick<Message, 'html' | 'text' | 'bodyBlob'>) => Promise<MessageBody>;

export type RenderDeps = {
  db: Db;
  engine: Engine;
  /** Fetches a body that is kept in blob storage. */
  loadBody?: BodyLoader;
};

/** Renders messages, and remembers what it has learned of their template versions, which never change. */
export type MessageRenderer = (message: RenderableMessage) => Promise<MessageRendering>;

/** As the API allows a caller's own. */
const MAX_SUBJECT_LENGTH = 998;

const CONTENT_REMOVED = 'its content was kept as long as it should be, or removed on request';

const KILL_CODES: readonly string[] = ['template_timeout', 'template_memory'];

/** Versions that a renderer remembers; a few hundred bytes each, because their sources are not among it. */
const MAX_VERSIONS = 2000;

/** What every render of a version needs: its compiled code's name, and which locales it has. */
type VersionFacts = { contentHash: string; locales: TemplateSources };

/**
 * Renders a message from its pinned template version, or takes the body it came with. Time and randomness inside the
 * template are pinned to the message, so that the same message always gives the same bytes on the same engine.
 */
export async function renderMessage(deps: RenderDeps, message: RenderableMessage): Promise<MessageRendering> {
  return createMessageRenderer(deps)(message);
}

/** Creates a renderer for many messages; the sources of a version are loaded only where the engine has no code of it. */
export function createMessageRenderer({ db, engine, loadBody }: RenderDeps): MessageRenderer {
  const versions = new Map<string, VersionFacts>();
  const findFacts = async (id: string): Promise<VersionFacts | null> => {
    const known = versions.get(id);
    if (known) return known;
    const version = await findTemplateVersion(db, id);
    if (!version) return null;
    const facts = { contentHash: version.contentHash, locales: toLocalesOnly(version) };
    const [oldest] = versions.size >= MAX_VERSIONS ? versions.keys() : [];
    if (oldest !== undefined) versions.delete(oldest);
    versions.set(id, facts);
    return facts;
  };
  return async (message) => {
    const { templateVersionId } = message;
    if (isContentRemoved(message))
      return { ok: false, code: 'content_removed', message: CONTENT_REMOVED, isKilled: false };
    if (templateVersionId === null) return takeBody(message, loadBody);
    const facts = await findFacts(templateVersionId);
    if (!facts) return { ok: false, code: 'template_missing', message: VERSION_GONE, isKilled: false };
    const locale = resolveLocale(facts.locales, message.locale);
    const result = await engine.render({
      sandboxKey: message.clientId,
      template: { contentHash: facts.contentHash, load: () => loadSources(db, templateVersionId) },
      propsJson: message.props ?? '{}',
      pins: { now: message.createdAt.getTime(), seed: message.id },
      locale,
    });
    return toRendering(message, result, locale?.trail ?? null);
  };
}

const VERSION_GONE = 'the template version is gone';

async function loadSources(db: Db, versionId: string): Promise<TemplateSources> {
  const version = await findTemplateVersion(db, versionId);
  if (!version) throw new Error(VERSION_GONE);
  return { entry: version.entry, files: version.files };
}

/** The names of the files that say which locales there are, without what is in them. */
function toLocalesOnly(sources: TemplateSources): TemplateSources {
  const paths = [...localeFiles(sources).values()];
  return { entry: sources.entry, files: Object.fromEntries(paths.map((path) => [path, ''])) };
}

async function takeBody(
  message: RenderableMessage,
  loadBody: BodyLoader | undefined,
): Promise<MessageRendering> {
  const { html, text } = loadBody ? await loadBody(message) : message;
  if (html === null && text === null) throw new Error('a message has neither a template nor a body');
  return succeed({
    subject: message.subject ?? '',
    html,
    text,
    engineVersion: null,
    localeTrail: null,
  });
}

function toRendering(
  message: RenderableMessage,
  result: RenderSuccess | RenderFailure,
  localeTrail: string | null,
): MessageRendering {
  if (!result.ok) {
    const { code, message: reason } = result;
    return { ok: false, code, message: reason, isKilled: KILL_CODES.includes(code) };
  }
  const subject = message.givenSubject ?? result.subject ?? message.templateName ?? '';
  return succeed({
    // One line already: the engine sees to a template's, the API to a caller's.
    subject: subject.slice(0, MAX_SUBJECT_LENGTH),
    html: result.html,
    text: result.text,
    engineVersion: result.engineVersion,
    localeTrail,
  });
}

function succeed(content: Omit<RenderedMessage, 'hash'>): MessageRendering {
  return { ok: true, rendered: { ...content, hash: renderHash(content) } };
}
