import { relative } from 'node:path';
import type { Engine } from '../lib/engine/engine.ts';
import { createInboxParts } from '../inbox/inbox-parts.ts';
import { createPages, type Pages } from '../pages/pages.ts';
import { openPreviewPart } from '../preview/preview-part.ts';
import type { PreviewService } from '../preview/service.ts';

/** The pages of the DEV role: everything that there is. */
export async function openDevPages({
  engine,
  templatesDir,
  service,
}: {
  engine: Engine;
  templatesDir: string;
  /** The DEV role itself, once it has keys. */
  service: () => PreviewService | null;
}): Promise<Pages> {
  const folderName = relative(process.cwd(), templatesDir) || '.';
  const preview = await openPreviewPart({
    folder: templatesDir,
    folderName,
    engine: async () => engine,
    service,
  });
  return createPages({ parts: [preview, ...createInboxParts()] });
}
