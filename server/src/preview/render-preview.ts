import type { NotRendered, RenderAnswer, RenderRequest, TemplateFacts } from '@org/web/preview';
import { createByteLru } from '../lib/engine/byte-lru.ts';
import {
  type CheckSuccess,
  type Engine,
  type JsonObject,
  PREVIEW_PINS,
  type RenderFailure,
  type RenderSuccess,
  type TemplateSources,
} from '../lib/engine/engine.ts';
import { contentHash } from '../lib/engine/content-hash.ts';
import { deriveSchema } from '../lib/engine/derived-schema.ts';
import { isJsonObject } from '../lib/engine/json-object.ts';
import { canonicalLocale, localeFiles, resolveLocale } from '../lib/engine/locales.ts';
import { createPropsValidator } from '../lib/engine/props-schema.ts';
import type { KeptMails } from './kept-mails.ts';
import { readFixtures } from './fixtures.ts';

export type PreviewRenderer = (sources: TemplateSources, request: RenderRequest) => Promise<RenderAnswer>;

type RendererOptions = { engine: Engine; mails: KeptMails; sandboxKey: string };

const MAX_CHECKED_BYTES = 16 * 1024 * 1024;
const DARK_RULES = /prefers-color-scheme\s*:\s*dark/i;

/**
 * Creates what renders for the preview: the engine's own check, of which each content is kept so that other props cost one
 * render, and its render where props or locale are others than the template's own.
 */
export function createPreviewRenderer({ engine, mails, sandboxKey }: RendererOptions): PreviewRenderer {
  const known = createByteLru<CheckSuccess>({ maxBytes: MAX_CHECKED_BYTES, sizeOf: sizeOfChecked });

  const check = async (sources: TemplateSources): Promise<CheckSuccess | RenderFailure> => {
    const hashed = contentHash(sources);
    const kept = hashed.ok ? known.get(hashed.hash) : undefined;
    if (kept) return kept;
    const checked = await engine.check({ sandboxKey, sources });
    if (checked.ok) known.set(checked.contentHash, checked);
    return checked;
  };

  const renderWith = async (
    sources: TemplateSources,
    { props, locale }: { props: JsonObject; locale: string | null },
  ): Promise<RenderSuccess | RenderFailure> => {
    const hashed = contentHash(sources);
    if (!hashed.ok) return { ok: false, code: 'template_build_failed', message: '', errors: hashed.errors };
    return engine.render({
      sandboxKey,
      template: { contentHash: hashed.hash, load: async () => sources },
      propsJson: JSON.stringify(props),
      pins: PREVIEW_PINS,
      locale: resolveLocale(sources, locale),
    });
  };

  return async (sources, request) => {
    const startedAt = performance.now();
    const facts = toFacts(sources, request.name);
    const locale = request.locale === null ? null : canonicalLocale(request.locale);
    const checked = await check(sources);
    const given = chooseProps(facts, request);
    // A template that fails with its own props, or has none, may still work with others.
    if (!checked.ok && (given === null || checked.code === 'template_build_failed'))
      return toFailed(checked, { facts, props: given, schema: null, hints: null });
    const schema = checked.ok ? checked.schema : null;
    const hints = schema ?? (checked.ok ? deriveSchema(checked.previewProps) : null);
    const props = given ?? (checked.ok ? checked.previewProps : {});
    const propErrors = findPropErrors(schema, props);
    if (propErrors.length > 0) return toRefused(propErrors, { facts, props, schema, hints });
    const isOwn = given === null && locale === null;
    const mail = isOwn && checked.ok ? checked : await renderWith(sources, { props, locale });
    if (!mail.ok) return toFailed(mail, { facts, props, schema, hints });
    return {
      ok: true,
      facts,
      frame: mails.keep(mail.html),
      subject: mail.subject,
      from: checked.ok ? checked.from : null,
      headers: checked.ok ? checked.headers : {},
      html: mail.html,
      text: mail.text,
      hasDarkRules: DARK_RULES.test(mail.html),
      props,
      schema,
      hints,
      locale: resolveLocale(sources, locale)?.tag ?? null,
      checks: checked.ok ? checked.warnings : [],
      contentHash: mail.contentHash,
      engineVersion: mail.engineVersion,
      tookMs: performance.now() - startedAt,
    };
  };
}

function toFacts(sources: TemplateSources, name: string): TemplateFacts {
  const { entry, files } = sources;
  return {
    name,
    entry,
    files: Object.entries(files).map(([path, text]) => ({ path, text })),
    locales: [...localeFiles(sources).keys()],
    fixtures: readFixtures(sources).fixtures,
  };
}

function chooseProps({ fixtures }: TemplateFacts, { props, fixture }: RenderRequest): JsonObject | null {
  const wanted: unknown = props ?? fixtures.find(({ name }) => name === fixture)?.props ?? null;
  return isJsonObject(wanted) ? wanted : null;
}

function findPropErrors(schema: JsonObject | null, props: JsonObject): NotRendered['propErrors'] {
  const validator = schema === null ? null : createPropsValidator(schema);
  if (validator === null) return [];
  return validator.ok ? validator.validate(props) : [{ path: '', message: validator.message }];
}

type Known = Pick<NotRendered, 'facts' | 'props' | 'schema' | 'hints'>;

function toFailed({ code, message, errors }: RenderFailure, known: Known): NotRendered {
  return { ok: false, ...known, code, message, places: errors, propErrors: [] };
}

function toRefused(propErrors: NotRendered['propErrors'], known: Known): NotRendered {
  const message = 'These props do not fit the template.';
  return { ok: false, ...known, code: 'invalid_props', message, places: [], propErrors };
}

function sizeOfChecked({ html, text }: CheckSuccess): number {
  return (html.length + text.length) * 2;
}
