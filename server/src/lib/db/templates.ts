import { and, desc, eq, inArray, isNull, lt, max, or, sql } from 'drizzle-orm';
import { type JsonObject, messages, type StringMap, templates, templateVersions } from '../../db/schema.ts';
import type { TemplateWarning } from '../engine/checker/warning.ts';
import type { Database, Db } from './database.ts';

export type Template = typeof templates.$inferSelect;
export type TemplateVersion = typeof templateVersions.$inferSelect;

/** A template as lists and answers show it: its current version's number and hash, without sources. */
export type TemplateSummary = Pick<Template, 'id' | 'name' | 'clientId' | 'createdAt' | 'updatedAt'> &
  Pick<
    TemplateVersion,
    'contentHash' | 'schema' | 'previewProps' | 'warnings' | 'fromAddress' | 'headers'
  > & { version: number };

/** Whose templates: null names those that are shared. */
export type TemplateOwner = { clientId: string | null; name: string };

export type NewTemplateVersion = TemplateOwner & {
  contentHash: string;
  entry: string;
  files: StringMap;
  schema: JsonObject | null;
  previewProps: JsonObject;
  warnings: TemplateWarning[];
  fromAddress: string | null;
  headers: StringMap;
};

const summaryColumns = {
  id: templates.id,
  name: templates.name,
  clientId: templates.clientId,
  createdAt: templates.createdAt,
  updatedAt: templates.updatedAt,
  version: templateVersions.number,
  contentHash: templateVersions.contentHash,
  schema: templateVersions.schema,
  previewProps: templateVersions.previewProps,
  warnings: templateVersions.warnings,
  fromAddress: templateVersions.fromAddress,
  headers: templateVersions.headers,
};

const isCurrentVersion = and(
  eq(templateVersions.templateId, templates.id),
  eq(templateVersions.number, templates.currentVersion),
);

/** A client sees its own templates and the shared ones; an admin key (null) only the shared ones. */
function visibleTo(clientId: string | null) {
  const isVisible =
    clientId === null
      ? isNull(templates.clientId)
      : or(eq(templates.clientId, clientId), isNull(templates.clientId));
  return and(isVisible, isNull(templates.deletedAt));
}

/** What a key may change: a client its own templates, an admin the shared ones. */
function ownedBy({ clientId, name }: TemplateOwner) {
  const isOwn = clientId === null ? isNull(templates.clientId) : eq(templates.clientId, clientId);
  return and(isOwn, eq(templates.name, name), isNull(templates.deletedAt));
}

/** A client's own comes before a shared one of the same name. */
const ownFirst = sql`${templates.clientId} nulls last`;

/**
 * Adds a version and makes it current; `isNew` is false where the current version has the same content, so that pushing
 * twice changes nothing. Concurrent pushes of one template take turns on its row.
 */
export async function saveTemplateVersion(
  database: Database,
  version: NewTemplateVersion,
): Promise<{ summary: TemplateSummary; isNew: boolean }> {
  return database.transaction(async (tx) => {
    const template = await lockTemplate(tx, version);
    const current = await findCurrentVersion(tx, template);
    if (current?.contentHash === version.contentHash)
      return { summary: toSummary(template, current), isNew: false };
    const [row] = await tx
      .insert(templateVersions)
      .values({
        id: Bun.randomUUIDv7(),
        templateId: template.id,
        number: await nextNumber(tx, template),
        contentHash: version.contentHash,
        entry: version.entry,
        files: version.files,
        schema: version.schema,
        previewProps: version.previewProps,
        warnings: version.warnings,
        fromAddress: version.fromAddress,
        headers: version.headers,
      })
      .returning();
    if (!row) throw new Error('the database returned no template version');
    await tx
      .update(templates)
      .set({ currentVersion: row.number, updatedAt: row.createdAt })
      .where(eq(templates.id, template.id));
    return { summary: toSummary({ ...template, updatedAt: row.createdAt }, row), isNew: true };
  });
}

async function lockTemplate(tx: Db, { clientId, name }: NewTemplateVersion): Promise<Template> {
  const [row] = await tx
    .insert(templates)
    .values({ id: Bun.randomUUIDv7(), clientId, name, currentVersion: 0 })
    // An update that changes nothing still locks the row that is there, and returns it.
    .onConflictDoUpdate({
      target: [templates.clientId, templates.name],
      targetWhere: isNull(templates.deletedAt),
      set: { name: sql`excluded.name` },
    })
    .returning();
  if (!row) throw new Error('the database returned no template');
  return row;
}

/** After a rollback the current version is not the last; a number is never given twice. */
async function nextNumber(tx: Db, template: Template): Promise<number> {
  const [row] = await tx
    .select({ last: max(templateVersions.number) })
    .from(templateVersions)
    .where(eq(templateVersions.templateId, template.id));
  return (row?.last ?? 0) + 1;
}

async function findCurrentVersion(db: Db, template: Template): Promise<TemplateVersion | null> {
  const [row] = await db
    .select()
    .from(templateVersions)
    .where(
      and(eq(templateVersions.templateId, template.id), eq(templateVersions.number, template.currentVersion)),
    );
  return row ?? null;
}

function toSummary(template: Template, version: TemplateVersion): TemplateSummary {
  const { id, name, clientId, createdAt, updatedAt } = template;
  const { number, contentHash, schema, previewProps, warnings, fromAddress, headers } = version;
  return {
    id,
    name,
    clientId,
    createdAt,
    updatedAt,
    version: number,
    contentHash,
    schema,
    previewProps,
    warnings,
    fromAddress,
    headers,
  };
}

/** What a message needs to know of the template it names; a client's own comes before a shared one of the same name. */
export async function resolveTemplate(
  db: Db,
  { clientId, name, version }: { clientId: string; name: string; version: number | null },
): Promise<Pick<
  TemplateVersion,
  'id' | 'number' | 'contentHash' | 'schema' | 'fromAddress' | 'headers'
> | null> {
  const isWanted = isVersion(version);
  const [row] = await db
    .select({
      id: templateVersions.id,
      number: templateVersions.number,
      contentHash: templateVersions.contentHash,
      schema: templateVersions.schema,
      fromAddress: templateVersions.fromAddress,
      headers: templateVersions.headers,
    })
    .from(templates)
    .innerJoin(templateVersions, and(eq(templateVersions.templateId, templates.id), isWanted))
    .where(and(eq(templates.name, name), visibleTo(clientId)))
    .orderBy(ownFirst)
    .limit(1);
  return row ?? null;
}

function isVersion(number: number | null) {
  return eq(templateVersions.number, number ?? templates.currentVersion);
}

/** A template by name as the key sees it, with its current version. */
export async function findTemplate(db: Db, owner: TemplateOwner): Promise<TemplateSummary | null> {
  const [row] = await db
    .select(summaryColumns)
    .from(templates)
    .innerJoin(templateVersions, isCurrentVersion)
    .where(and(eq(templates.name, owner.name), visibleTo(owner.clientId)))
    .orderBy(ownFirst)
    .limit(1);
  return row ?? null;
}

/** One version of a template by name, sources and all; the current one where `version` is null. */
export async function findNamedVersion(
  db: Db,
  { clientId, name, version }: TemplateOwner & { version: number | null },
): Promise<TemplateVersion | null> {
  const template = await findTemplate(db, { clientId, name });
  if (!template) return null;
  const isWanted = eq(templateVersions.number, version ?? template.version);
  const [row] = await db
    .select()
    .from(templateVersions)
    .where(and(eq(templateVersions.templateId, template.id), isWanted));
  return row ?? null;
}

/** A version without its sources. */
export type VersionSummary = Pick<
  TemplateVersion,
  'id' | 'number' | 'contentHash' | 'warnings' | 'createdAt'
>;

/** A template's versions, newest first. */
export async function listTemplateVersions(
  db: Db,
  { templateId, before, limit }: { templateId: string; before: string | null; limit: number },
): Promise<VersionSummary[]> {
  const { id, number, contentHash, warnings, createdAt } = templateVersions;
  return db
    .select({ id, number, contentHash, warnings, createdAt })
    .from(templateVersions)
    .where(
      and(
        eq(templateVersions.templateId, templateId),
        before === null ? undefined : lt(templateVersions.id, before),
      ),
    )
    .orderBy(desc(templateVersions.id))
    .limit(limit);
}

/** Makes an earlier version (or a later one) the current one; null where the owner has no such version. */
export async function rollBackTemplate(
  database: Database,
  { clientId, name, version }: TemplateOwner & { version: number },
): Promise<TemplateSummary | null> {
  return database.transaction(async (tx) => {
    const template = await lockOwned(tx, { clientId, name });
    if (!template) return null;
    const [row] = await tx
      .select()
      .from(templateVersions)
      .where(and(eq(templateVersions.templateId, template.id), eq(templateVersions.number, version)));
    if (!row) return null;
    const [updated] = await tx
      .update(templates)
      .set({ currentVersion: version, updatedAt: sql`now()` })
      .where(eq(templates.id, template.id))
      .returning();
    return toSummary(updated ?? template, row);
  });
}

async function lockOwned(tx: Db, owner: TemplateOwner): Promise<Template | null> {
  const [row] = await tx.select().from(templates).where(ownedBy(owner)).for('update');
  return row ?? null;
}

export type DeleteResult = 'deleted' | 'missing' | 'in_use';

/**
 * Deletes a template, unless a message that has not been sent yet needs it. The versions stay, so that past messages can
 * still be shown, and so that a message which is accepted at this moment is still sent; the name is free at once.
 */
export async function deleteTemplate(database: Database, owner: TemplateOwner): Promise<DeleteResult> {
  return database.transaction(async (tx) => {
    const template = await lockOwned(tx, owner);
    if (!template) return 'missing';
    const versions = tx
      .select({ id: templateVersions.id })
      .from(templateVersions)
      .where(eq(templateVersions.templateId, template.id));
    const waiting = await tx
      .select({ id: messages.id })
      .from(messages)
      .where(
        and(inArray(messages.status, ['queued', 'sending']), inArray(messages.templateVersionId, versions)),
      )
      .limit(1);
    if (waiting.length > 0) return 'in_use';
    await tx
      .update(templates)
      .set({ deletedAt: sql`now()` })
      .where(eq(templates.id, template.id));
    return 'deleted';
  });
}

/** Names of the templates a client may use, for a hint where it asked for another. */
export async function listTemplateNames(db: Db, clientId: string): Promise<string[]> {
  const rows = await db
    .selectDistinct({ name: templates.name })
    .from(templates)
    .where(visibleTo(clientId))
    .limit(100);
  return rows.map(({ name }) => name);
}

export async function findTemplateVersion(db: Db, id: string): Promise<TemplateVersion | null> {
  const [row] = await db.select().from(templateVersions).where(eq(templateVersions.id, id));
  return row ?? null;
}

/** Newest first by id, which is ordered by time. */
export async function listTemplates(
  db: Db,
  { clientId, before, limit }: { clientId: string | null; before: string | null; limit: number },
): Promise<TemplateSummary[]> {
  return db
    .select(summaryColumns)
    .from(templates)
    .innerJoin(templateVersions, isCurrentVersion)
    .where(and(visibleTo(clientId), before === null ? undefined : lt(templates.id, before)))
    .orderBy(desc(templates.id))
    .limit(limit);
}
