import type { Logger } from '../telemetry/logger.ts';
import { createByteLru } from './byte-lru.ts';
import { compileMap } from './compiler.ts';
import type { SourceError } from './source-errors.ts';
import type { TemplateSources } from './template-sources.ts';
import { hasTemplateFrame, locateThrown, type MappedSources, type ThrownError } from './thrown-errors.ts';

type Failed = { hash: string; code: string; load(): Promise<TemplateSources> };

export type ErrorLocator = {
  /** Where in its sources a template has failed; empty when that is not known. */
  locate(thrown: ThrownError, failed: Failed): Promise<readonly SourceError[]>;
};

const MAX_BYTES = 8 * 1024 * 1024;

/** Creates the locator; it keeps the maps of templates that have failed, outside of any sandbox. */
export function createErrorLocator({ logger }: { logger: Logger }): ErrorLocator {
  const known = createByteLru<MappedSources>({ maxBytes: MAX_BYTES, sizeOf: sizeOfSources });

  const find = async ({ hash, code, load }: Failed): Promise<MappedSources | null> => {
    const found = known.get(hash);
    if (found !== undefined) return found;
    const sources = await load();
    const map = await compileMap(sources, code);
    if (map === null) return null;
    const made = { map, sources };
    known.set(hash, made);
    return made;
  };

  return {
    async locate(thrown, failed) {
      if (!hasTemplateFrame(thrown)) return [];
      try {
        const mapped = await find(failed);
        const located = mapped === null ? null : locateThrown(thrown, mapped);
        return located === null ? [] : [located];
      } catch (error) {
        // the mail has failed already, and for a reason of its own: its place is help, not the answer
        logger.warn({ err: error, contentHash: failed.hash }, 'the place of an error cannot be found');
        return [];
      }
    },
  };
}

/** The map is about as large as what it maps. */
function sizeOfSources({ sources }: MappedSources): number {
  return Object.values(sources.files).reduce((sum, source) => sum + source.length * 4, 0);
}
