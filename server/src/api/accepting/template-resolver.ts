import type { Db } from '../../lib/db/database.ts';
import { resolveTemplate } from '../../lib/db/templates.ts';

/** What a message needs to know of its template. */
export type ResolvedTemplate = NonNullable<Awaited<ReturnType<typeof resolveTemplate>>>;

export type TemplateResolver = {
  /** The version that a client means by a name, or null where it has none. */
  resolve(wanted: {
    clientId: string;
    name: string;
    version: number | null;
  }): Promise<ResolvedTemplate | null>;
  /** A template of this name was changed here. */
  forget(name: string): void;
};

/** How long another instance's push may go unnoticed. Versions are never deleted, so that an old one can still be sent. */
const CACHE_MS = 1500;
const MAX_CACHED = 10_000;

/** Remembers for a moment what names mean; what does not exist is asked for each time. */
export function createTemplateResolver({ db, nowMs }: { db: Db; nowMs: () => number }): TemplateResolver {
  const cached = new Map<string, { template: Promise<ResolvedTemplate | null>; until: number }>();

  const load = async (key: string, wanted: Parameters<TemplateResolver['resolve']>[0]) => {
    const loading = resolveTemplate(db, wanted);
    if (cached.size >= MAX_CACHED) cached.clear();
    const entry = { template: loading, until: nowMs() + CACHE_MS };
    cached.set(key, entry);
    const forgetIfMine = () => cached.get(key) === entry && cached.delete(key);
    try {
      const template = await loading;
      if (template === null) forgetIfMine();
      return template;
    } catch (error) {
      forgetIfMine();
      throw error;
    }
  };

  return {
    resolve(wanted) {
      const key = `${wanted.name} ${wanted.version ?? ''} ${wanted.clientId}`;
      const entry = cached.get(key);
      if (entry && entry.until > nowMs()) return entry.template;
      return load(key, wanted);
    },
    forget(name) {
      for (const key of cached.keys()) if (key.startsWith(`${name} `)) cached.delete(key);
    },
  };
}
