import { Elysia } from 'elysia';
import type { Database } from '../../lib/db/database.ts';
import { listTemplates, saveTemplateVersion, type TemplateSummary } from '../../lib/db/templates.ts';
import type { Engine, RenderFailure } from '../../lib/engine/engine.ts';
import { createPropsValidator } from '../../lib/engine/props-schema.ts';
import { assertScope, type Authenticator, type Identity } from '../middleware/authenticate.ts';
import { findUnstorable } from '../middleware/json-body.ts';
import { parseCursor, parseLimit, toPage } from '../pagination.ts';
import { ApiError, type ProblemCode } from '../problem.ts';
import { PageOnlyQuery, PutTemplateBody } from '../schemas.ts';

export type TemplatesDeps = { database: Database; engine: Engine; authenticator: Authenticator };

const TEMPLATE_NAME = /^[a-z0-9][a-z0-9-]{0,63}$/;

/** `/v1/templates`: push and list. An admin's templates are shared with every client. */
export function templatesController({ database, engine, authenticator }: TemplatesDeps) {
  return new Elysia({ prefix: '/v1/templates', normalize: false })
    .derive(async ({ request }) => ({ identity: await authenticator.identify(request) }))
    .put(
      '/:name',
      async ({ params, body, identity, status }) => {
        assertScope(identity, 'templates', 'admin');
        assertTemplateName(params.name);
        const checked = await engine.check({ sandboxKey: ownerOf(identity) ?? 'shared', sources: body });
        if (!checked.ok) throw toProblem(checked);
        assertUsableSchema(checked.schema);
        assertStorable({ schema: checked.schema, previewProps: checked.previewProps });
        const { summary, isNew } = await saveTemplateVersion(database, {
          clientId: ownerOf(identity),
          name: params.name,
          contentHash: checked.contentHash,
          entry: body.entry,
          files: body.files,
          schema: checked.schema,
          previewProps: checked.previewProps,
        });
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
    );
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
  createdAt,
  updatedAt,
}: TemplateSummary) {
  return {
    name,
    version,
    contentHash,
    isShared: clientId === null,
    schema,
    previewProps,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}
