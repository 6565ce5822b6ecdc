import { type ProblemDetail } from '../api/problems/problem.ts';
import type { TemplateSources } from '../lib/engine/engine.ts';

/** What the DEV role asks of its own API: over HTTP like everybody else, so that the first mail proves the whole path. */
export type LocalApi = {
  pushTemplate(name: string, sources: TemplateSources): Promise<PushResult>;
  send(body: Record<string, unknown>): Promise<string>;
  getMessage(id: string): Promise<{ status: string; subject: string | null; lastError: string | null }>;
  getContent(id: string): Promise<{ html: string | null; text: string | null }>;
  getTimeline(id: string): Promise<string[]>;
};

/** What the checker found; the place is null where it is not known. */
export type PushWarning = { message: string; file: string | null; line: number | null };

export type PushResult =
  | {
      ok: true;
      version: number;
      isNew: boolean;
      previewProps: Record<string, unknown>;
      warnings: readonly PushWarning[];
    }
  | { ok: false; detail: string; errors: readonly ProblemDetail[] };

/** The API refused something it should not have. */
export class LocalApiError extends Error {}

export function createLocalApi({ url, apiKey }: { url: string; apiKey: string }): LocalApi {
  const call = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { 'x-api-key': apiKey, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, answer: toRecord(await response.json()) };
  };
  const expect = async (method: string, path: string, body?: unknown) => {
    const { status, answer } = await call(method, path, body);
    if (status >= 400)
      throw new LocalApiError(`${method} ${path} answered ${status}: ${String(answer.detail)}`);
    return answer;
  };
  return {
    async pushTemplate(name, sources) {
      const { status, answer } = await call('PUT', `/v1/templates/${encodeURIComponent(name)}`, sources);
      if (status === 200 || status === 201) {
        return {
          ok: true,
          version: Number(answer.version),
          isNew: status === 201,
          previewProps: toRecord(answer.previewProps),
          warnings: toWarnings(answer.warnings),
        };
      }
      return { ok: false, detail: String(answer.detail), errors: toDetails(answer.errors) };
    },
    async send(body) {
      return String((await expect('POST', '/v1/messages', body)).messageId);
    },
    async getMessage(id) {
      const { status, subject, lastError } = await expect('GET', `/v1/messages/${id}`);
      return { status: String(status), subject: toText(subject), lastError: toText(lastError) };
    },
    async getContent(id) {
      const { html, text } = await expect('GET', `/v1/messages/${id}/content`);
      return { html: toText(html), text: toText(text) };
    },
    async getTimeline(id) {
      const { data } = await expect('GET', `/v1/messages/${id}/events`);
      return Array.isArray(data) ? data.map((event) => String(toRecord(event).type)) : [];
    },
  };
}

function toRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function toText(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function toWarnings(value: unknown): PushWarning[] {
  if (!Array.isArray(value)) return [];
  return value.map(toRecord).map(({ message, file, line }) => ({
    message: String(message),
    file: toText(file),
    line: typeof line === 'number' ? line : null,
  }));
}

function toDetails(value: unknown): ProblemDetail[] {
  if (!Array.isArray(value)) return [];
  return value.map(toRecord).map(({ path, message }) => ({ path: String(path), message: String(message) }));
}
