import { and, desc, eq, isNull, lt, or, sql } from 'drizzle-orm';
import { type JsonObject, type StringMap, templates, templateVersions } from '../../db/schema.ts';
import type { Database, Db } from './database.ts';

export type Template = typeof templates.$inferSelect;
export type TemplateVersion = typeof templateVersions.$inferSelect;

/** A template as lists and answers show it: its current version's number and hash, without sources. */
export type TemplateSummary = Pick<Template, 'id' | 'name' | 'clientId' | 'createdAt' | 'updatedAt'> &
  Pick<TemplateVersion, 'contentHash' | 'schema' | 'previewProps'> & { version: number };

export type NewTemplateVersion = {
  /** Null shares the template with every client. */
  clientId: string | null;
  name: string;
  contentHash: string;
  entry: string;
  files: StringMap;
  schema: JsonObject | null;
  previewProps: JsonObject;
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
};

const isCurrentVersion = and(
  eq(templateVersions.templateId, templates.id),
  eq(templateVersions.number, templates.currentVersion),
);

/** A client sees its own templates and the shared ones; an admin key (null) only the shared ones. */
function visibleTo(clientId: string | null) {
  return clientId === null
    ? isNull(templates.clientId)
    : or(eq(templates.clientId, clientId), isNull(templates.clientId));
}

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
        number: template.currentVersion + 1,
        contentHash: version.contentHash,
        entry: version.entry,
        files: version.files,
        schema: version.schema,
        previewProps: version.previewProps,
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
    .onConflictDoUpdate({ target: [templates.clientId, templates.name], set: { name: sql`excluded.name` } })
    .returning();
  if (!row) throw new Error('the database returned no template');
  return row;
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
  const { number, contentHash, schema, previewProps } = version;
  return { id, name, clientId, createdAt, updatedAt, version: number, contentHash, schema, previewProps };
}

/** What a message needs to know of the template it names; a client's own comes before a shared one of the same name. */
export async function resolveTemplate(
  db: Db,
  { clientId, name, version }: { clientId: string; name: string; version: number | null },
): Promise<Pick<TemplateVersion, 'id' | 'number' | 'contentHash' | 'schema'> | null> {
  const isWanted =
    version === null
      ? eq(templateVersions.number, templates.currentVersion)
      : eq(templateVersions.number, version);
  const [row] = await db
    .select({
      id: templateVersions.id,
      number: templateVersions.number,
      contentHash: templateVersions.contentHash,
      schema: templateVersions.schema,
    })
    .from(templates)
    .innerJoin(templateVersions, and(eq(templateVersions.templateId, templates.id), isWanted))
    .where(and(eq(templates.name, name), visibleTo(clientId)))
    .orderBy(sql`${templates.clientId} nulls last`)
    .limit(1);
  return row ?? null;
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
