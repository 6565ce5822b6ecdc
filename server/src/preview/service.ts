import type { TestProgress, VersionAnswer, VersionList, VersionRequest } from '@org/web/preview';
import { isJsonObject, type JsonObject, type JsonValue } from '../lib/engine/json-object.ts';

/** A running service with a key for it: has the versions of templates, and sends. */
export type ServiceAddress = { url: string; apiKey: string };

type ServiceMail = {
  to: string;
  subject: string;
  html: string;
  text: string;
  from: string | null;
  headers: Readonly<Record<string, string>>;
};

/** What the preview asks of a service. Its refusals are answers; that it cannot be reached is one, too. */
export type PreviewService = {
  readonly url: string;
  versions(name: string): Promise<VersionList>;
  render(request: VersionRequest): Promise<Exclude<VersionAnswer, { ok: true }> | ServiceRendering>;
  send(mail: ServiceMail): Promise<{ ok: true; messageId: string } | { ok: false; message: string }>;
  follow(messageId: string): Promise<TestProgress | null>;
};

export type ServiceRendering = { ok: true; subject: string | null; html: string; text: string };

const TIMEOUT_MS = 10_000;
const MAX_VERSIONS = 50;
/** What a message is in while something is still going to happen to it. */
const UNDER_WAY = new Set(['scheduled', 'queued', 'sending']);

/** Talks to a service over its API, like everybody else. */
export function createPreviewService({ url, apiKey }: ServiceAddress): PreviewService {
  const call = async (path: string, body?: unknown): Promise<Answer> => {
    try {
      const response = await fetch(url + path, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          'x-api-key': apiKey,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const content: unknown = await response.json();
      return { isGood: response.ok, content: isJsonObject(content) ? content : {} };
    } catch {
      return { isGood: false, content: { detail: `${url} does not answer.` } };
    }
  };
  return {
    url,
    async versions(name) {
      const { content } = await call(
        `/v1/templates/${encodeURIComponent(name)}/versions?limit=${MAX_VERSIONS}`,
      );
      return { versions: listOf(content['data']).map(toVersion) };
    },
    async render({ name, version, props, locale }) {
      const body = { version, props, ...(locale === null ? {} : { locale }) };
      const { isGood, content } = await call(`/v1/templates/${encodeURIComponent(name)}/render`, body);
      if (!isGood) return { ok: false, message: toReason(content) };
      const { subject = null, html, text } = content;
      return { ok: true, subject: textOf(subject), html: String(html), text: String(text) };
    },
    async send({ from, ...mail }) {
      const { isGood, content } = await call('/v1/messages', { ...mail, ...(from === null ? {} : { from }) });
      if (!isGood) return { ok: false, message: toReason(content) };
      return { ok: true, messageId: String(content['messageId']) };
    },
    async follow(messageId) {
      const path = `/v1/messages/${encodeURIComponent(messageId)}`;
      const [message, events] = await Promise.all([call(path), call(`${path}/events`)]);
      if (!message.isGood) return null;
      const status = String(message.content['status']);
      return {
        status,
        isOver: !UNDER_WAY.has(status),
        lastError: textOf(message.content['lastError'] ?? null),
        events: listOf(events.content['data']).map(toEvent),
      };
    },
  };
}

type Answer = { isGood: boolean; content: JsonObject };

function toReason({ detail, errors }: JsonObject): string {
  const reasons = listOf(errors).map(({ path, message }) => `${String(path)} ${String(message)}`);
  return [String(detail ?? 'The service refuses it.'), ...reasons].join('\n');
}

function toVersion({ version, isCurrent, createdAt }: JsonObject): VersionList['versions'][number] {
  return { version: Number(version), isCurrent: isCurrent === true, createdAt: String(createdAt) };
}

function toEvent({ type, at, detail = null }: JsonObject): TestProgress['events'][number] {
  return { type: String(type), at: String(at), detail: textOf(detail) };
}

function listOf(value: JsonValue | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

function textOf(value: JsonValue): string | null {
  return typeof value === 'string' ? value : null;
}
