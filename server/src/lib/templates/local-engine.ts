import { join } from 'node:path';
import { contentHash } from '../engine/content-hash.ts';
import {
  type CheckSuccess,
  createEngine,
  type Engine,
  type JsonObject,
  PREVIEW_PINS,
  type RenderFailure,
  type RenderSuccess,
  type SourceError,
  type TemplateSources,
} from '../engine/engine.ts';
import { resolveLocale } from '../engine/locales.ts';
import { createMemoryLock } from '../engine/locker.ts';
import { createPropsValidator } from '../engine/props-schema.ts';
import { createLogger } from '../telemetry/logger.ts';
import { createMetrics } from '../telemetry/metrics.ts';

/** Props that a template's own schema refuses. */
export type PropsFailure = {
  ok: false;
  code: 'invalid_props';
  message: string;
  errors: readonly { path: string; message: string }[];
};

export type LocalRenderInput = {
  /** The template's own `PreviewProps` where there are none. */
  props: Record<string, unknown> | null;
  /** A canonical tag, or null for the template's own default. */
  locale: string | null;
};

/** The engine as the service has it, for templates on this machine's disk. */
export type LocalEngine = {
  /** What a push would do before it stores: compile, render with `PreviewProps`, look for what mail clients break. */
  check(sources: TemplateSources): Promise<CheckSuccess | RenderFailure>;
  /** What the service would render for the same input. */
  render(
    sources: TemplateSources,
    input: LocalRenderInput,
  ): Promise<(RenderSuccess & { version: null }) | RenderFailure | PropsFailure>;
  close(): Promise<void>;
};

/** Names a template's content as the service does, or tells what is wrong with its paths and sizes. */
export function hashOf(
  sources: TemplateSources,
): { ok: true; hash: string } | { ok: false; errors: readonly SourceError[] } {
  return contentHash(sources);
}

const SANDBOX_KEY = 'local';

/**
 * Starts the engine itself for templates on this machine's disk, with what it has compiled kept in `cacheDir`.
 *
 * @throws where no sandbox can be started
 */
export async function startLocalEngine({ cacheDir }: { cacheDir: string }): Promise<Engine> {
  return createEngine({
    distDir: join(cacheDir, 'engine'),
    lock: createMemoryLock(),
    // Whoever runs a template here could run it as a program, too: a missing lock is no news.
    logger: createLogger({ level: 'error' }),
    metrics: createMetrics(),
  });
}

/**
 * Starts the engine of this machine, with what it has compiled kept in `cacheDir`.
 *
 * @throws where no sandbox can be started
 */
export async function createLocalEngine({ cacheDir }: { cacheDir: string }): Promise<LocalEngine> {
  const engine = await startLocalEngine({ cacheDir });
  const check = (sources: TemplateSources) => engine.check({ sandboxKey: SANDBOX_KEY, sources });
  return {
    check,
    async render(sources, { props, locale }) {
      const checked = await check(sources);
      if (!checked.ok) return checked;
      const wanted: unknown = props ?? checked.previewProps;
      const refused = checkProps(checked.schema, wanted);
      if (refused) return refused;
      const rendered = await engine.render({
        sandboxKey: SANDBOX_KEY,
        template: { contentHash: checked.contentHash, load: async () => sources },
        propsJson: JSON.stringify(wanted),
        pins: PREVIEW_PINS,
        locale: resolveLocale(sources, locale),
      });
      return rendered.ok ? { ...rendered, version: null } : rendered;
    },
    close: () => engine.close(),
  };
}

function checkProps(schema: JsonObject | null, props: unknown): PropsFailure | null {
  const validator = schema === null ? null : createPropsValidator(schema);
  if (validator === null) return null;
  const errors = validator.ok ? validator.validate(props) : [{ path: '', message: validator.message }];
  if (errors.length === 0) return null;
  return { ok: false, code: 'invalid_props', message: 'The props do not fit the template.', errors };
}

/** A language tag in its canonical form, or null where it is none. */
export { canonicalLocale } from '../engine/locales.ts';
