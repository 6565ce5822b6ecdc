import { Elysia } from 'elysia';
import type { Database, Db } from '../../lib/db/database.ts';
import {
  deleteTemplate,
  findNamedVersion,
  findTemplate,
  listTemplates,
  listTemplateVersions,
  rollBackTemplate,
  saveTemplateVersion,
  type TemplateSummary,
  type TemplateVersion,
  type VersionSummary,
} from '../../lib/db/templates.ts';
import { PREVIEW_PINS, type Engine, type RenderFailure } from '../../lib/engine/engine.ts';
import { deriveSchema } from '../../lib/engine/derived-schema.ts';
import { resolveLocale } from '../../lib/engine/locales.ts';
import { createPropsValidator } from '../../lib/engine/props-schema.ts';
import { assertScope, type Authenticator, type Identity } from '../middleware/authenticate.ts';
import { toLocale } from '../accepting/locale.ts';
import { findUnstorable } from '../middleware/json-body.ts';
import type { IdempotencyGuard } from '../middleware/idempotency.ts';
import { parseCursor, parseLimit, toPage } from '../lists/pagination.ts';
import { ApiError, type ProblemCode } from '../problems/problem.ts';
import type { PropsChecker } from '../accepting/props-check.ts';
import { toTemplateMail } from '../accepting/template-mail.ts';
import type { TemplateResolver } from '../accepting/template-resolver.ts';
import { PageOnlyQuery, PutTemplateBody, RenderTemplateBody, RollbackTemplateBody } from '../schemas.ts';

export type TemplatesDeps = {
  database: Database;
  engine: Engine;
  authenticator: Authenticator;
  idempotency: IdempotencyGuard;
  resolver: TemplateResolver;
  props: PropsChecker;
};

const TEMPLATE_NAME = /^[a-z0-9][a-z0-9-]{0,63}$/;

/** `/v1/templates`: push, look, try, roll back and delete. An admin's templates are shared with every client. */
export function templatesController(deps: TemplatesDeps) {
  const { database, engine, authenticator, idempotency, resolver } = deps;
  return new Elysia({ prefix: '/v1/templates', normalize: false })
    .derive(async ({ request }) => ({ identity: await authenticator.identify(request) }))
    .put(
      '/:name',
      async ({ params, body, identity, status }) => {
        assertScope(identity, 'templates', 'admin');
        assertTemplateName(params.name);
        const checked = await engine.check({ sandboxKey: sandboxKeyOf(identity), sources: body });
        if (!checked.ok) throw toProblem(checked);
        assertUsableSchema(checked.schema);
        const mail = toTemplateMail(checked, identity);
        assertStorable({ schema: checked.schema, previewProps: checked.previewProps });
        const { summary, isNew } = await saveTemplateVersion(database, {
          clientId: ownerOf(identity),
          name: params.name,
          contentHash: checked.contentHash,
          entry: body.entry,
          files: body.files,
          schema: checked.schema,
          previewProps: checked.previewProps,
          warnings: [...checked.warnings],
          fromAddress: mail.from,
          headers: mail.headers,
        });
        resolver.forget(params.name);
        return status(isNew ? 201 : 200, toAnswer(summary));
      },
      { body: PutTemplateBody },
    )
    .get(
      '/',
      async ({ query, identity }) => {
        assertScope(identity, 'templates', 'read', 'admin');
        const limit = parseLimit(query.limit);
        const rows = await listTemplates(database.db, {
          clientId: ownerOf(identity),
          before: parseCursor(query.cursor),
          limit: limit + 1,
        });
        return toPage(rows, limit, toAnswer);
      },
      { query: PageOnlyQuery },
    )
    .get('/:name', async ({ params, identity }) => {
      assertScope(identity, 'templates', 'read', 'admin');
      return toAnswer(await loadTemplate(database.db, params.name, identity));
    })
    .delete('/:name', async ({ params, identity, status }) => {
      assertScope(identity, 'templates', 'admin');
      const result = await deleteTemplate(database, { clientId: ownerOf(identity), name: params.name });
      if (result === 'missing') throw templateNotFound(params.name);
      if (result === 'in_use') {
        const detail = `Mail that is not sent yet needs "${params.name}"; delete it when that has ended.`;
        throw new ApiError('template_in_use', detail);
      }
      resolver.forget(params.name);
      return status(204, undefined);
    })
    .get(
      '/:name/versions',
      async ({ params, query, identity }) => {
        assertScope(identity, 'templates', 'read', 'admin');
        const limit = parseLimit(query.limit);
        const template = await loadTemplate(database.db, params.name, identity);
        const rows = await listTemplateVersions(database.db, {
          templateId: template.id,
          before: parseCursor(query.cursor),
          limit: limit + 1,
        });
        return toPage(rows, limit, (row) => toVersionSummary(row, template));
      },
      { query: PageOnlyQuery },
    )
    .get('/:name/versions/:number', async ({ params, identity }) => {
      // Sources are more than a key that only reads mail needs.
      assertScope(identity, 'templates', 'admin');
      const template = await loadTemplate(database.db, params.name, identity);
      const version = await loadVersion(database.db, { ...params, identity });
      return toVersion(version, template);
    })
    .post(
      '/:name/render',
      async ({ params, body, identity }) => {
        assertScope(identity, 'templates', 'read', 'admin');
        return renderVersion(deps, { name: params.name, body, identity });
      },
      { body: RenderTemplateBody },
    )
    .post(
      '/:name/rollback',
      async ({ params, body, identity, request }) => {
        assertScope(identity, 'templates', 'admin');
        const { version } = body;
        const owner = { clientId: ownerOf(identity), name: params.name };
        const rollBack = async (scoped: Database) => {
          const summary = await rollBackTemplate(scoped, { ...owner, version });
          if (!summary) throw templateNotFound(`${params.name}@${version}`);
          return toAnswer(summary);
        };
        const answer = await idempotency.run(request, 200, rollBack);
        resolver.forget(params.name);
        return answer;
      },
      { body: RollbackTemplateBody },
    );
}

type Rendering = { name: string; body: typeof RenderTemplateBody.static; identity: Identity };

async function renderVersion(
  { database, engine, props }: Pick<TemplatesDeps, 'database' | 'engine' | 'props'>,
  { name, body, identity }: Rendering,
) {
  const number = body.version === undefined ? null : String(body.version);
  const version = await loadVersion(database.db, { name, number, identity });
  const { entry, files } = version;
  const rendered = await engine.render({
    sandboxKey: sandboxKeyOf(identity),
    template: { contentHash: version.contentHash, load: async () => ({ entry, files }) },
    propsJson: props.toText(body.props ?? version.previewProps, version),
    pins: PREVIEW_PINS,
    locale: resolveLocale(version, toLocale(body.locale)),
  });
  if (!rendered.ok) throw toProblem(rendered);
  const { subject, html, text, contentHash, engineVersion } = rendered;
  return { name, version: version.number, subject, html, text, contentHash, engineVersion };
}

async function loadTemplate(db: Db, name: string, identity: Identity): Promise<TemplateSummary> {
  const template = await findTemplate(db, { clientId: ownerOf(identity), name });
  if (!template) throw templateNotFound(name);
  return template;
}

type WantedVersion = { name: string; number: string | null; identity: Identity };

/** The current version where `number` is null. */
async function loadVersion(db: Db, { name, number, identity }: WantedVersion): Promise<TemplateVersion> {
  const isNumber = number === null || /^[1-9][0-9]{0,8}$/.test(number);
  const version = isNumber
    ? await findNamedVersion(db, {
        clientId: ownerOf(identity),
        name,
        version: number === null ? null : Number(number),
      })
    : null;
  if (!version) throw templateNotFound(number === null ? name : `${name}@${number}`);
  return version;
}

function templateNotFound(name: string): ApiError {
  return new ApiError('template_not_found', `There is no template "${name}" for this key.`);
}

function sandboxKeyOf(identity: Identity): string {
  return ownerOf(identity) ?? 'shared';
}

function ownerOf(identity: Identity): string | null {
  return identity.kind === 'client' ? identity.client.id : null;
}

function assertTemplateName(name: string): void {
  if (TEMPLATE_NAME.test(name)) return;
  throw new ApiError('invalid_request', 'A template needs a name such as "password-reset".', {
    errors: [
      { path: '/name', message: 'must be 1 to 64 of a-z, 0-9 and "-", and begin with a letter or digit' },
    ],
  });
}

function assertUsableSchema(schema: Parameters<typeof createPropsValidator>[0] | null): void {
  const validator = schema === null ? null : createPropsValidator(schema);
  if (!validator || validator.ok) return;
  throw new ApiError('template_invalid', `The template's schema is not usable: ${validator.message}`);
}

function assertStorable(exports: Record<string, unknown>): void {
  const problem = findUnstorable(exports);
  if (problem)
    throw new ApiError('template_invalid', "The template's exports cannot be kept.", { errors: [problem] });
}

function toProblem(failure: RenderFailure): ApiError {
  const code: ProblemCode =
    failure.code === 'template_build_failed' ? 'template_build_failed' : 'template_render_failed';
  const errors = failure.errors.map(({ file, line, column, message, hint }) => ({
    path: [file, line, column].filter((part) => part !== null).join(':'),
    message: hint === null ? message : `${message} (${hint})`,
  }));
  return new ApiError(code, failure.message, errors.length > 0 ? { errors } : {});
}

function toAnswer({
  name,
  version,
  contentHash,
  clientId,
  schema,
  previewProps,
  warnings,
  fromAddress,
  headers,
  createdAt,
  updatedAt,
}: TemplateSummary) {
  return {
    name,
    version,
    contentHash,
    isShared: clientId === null,
    schema,
    derivedSchema: schema === null ? deriveSchema(previewProps) : null,
    previewProps,
    warnings,
    from: fromAddress,
    headers,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

function toVersionSummary(version: VersionSummary, template: TemplateSummary) {
  const { number, contentHash, warnings, createdAt } = version;
  const isCurrent = number === template.version;
  return { version: number, contentHash, isCurrent, warnings, createdAt: createdAt.toISOString() };
}

function toVersion(version: TemplateVersion, template: TemplateSummary) {
  const { entry, files, schema, previewProps } = version;
  const isShared = template.clientId === null;
  return {
    name: template.name,
    isShared,
    ...toVersionSummary(version, template),
    entry,
    files,
    schema,
    previewProps,
  };
}
