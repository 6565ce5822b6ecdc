import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Engine } from '../lib/engine/engine.ts';
import { startLocalEngine } from '../lib/templates/local-engine.ts';
import { createPages } from '../pages/pages.ts';
import { openPreviewPart } from './preview-part.ts';

/** One sentence for the person at the terminal: what is in the way, and what to do. */
export class PreviewStartError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PreviewStartError';
  }
}

export type RunningPreview = { readonly url: string; readonly templates: number; stop(): Promise<void> };

export type PreviewOptions = {
  /** The folder of templates, as it was named. */
  folder: string;
  port: number;
  /** Where compiled templates are kept. */
  cacheDir: string;
};

/**
 * Starts the preview by itself: templates of a folder, no database, no service.
 *
 * @throws PreviewStartError with one clear sentence
 */
export async function startPreview({ folder, port, cacheDir }: PreviewOptions): Promise<RunningPreview> {
  const path = resolve(folder);
  if (!existsSync(path)) throw new PreviewStartError(`There is no folder ${folder}; name one with --dir.`);
  // Side by side: the sandbox takes the longest.
  const starting = startLocalEngine({ cacheDir });
  const part = await openPreviewPart({ folder: path, folderName: folder, engine: () => starting });
  const pages = createPages({ parts: [part] });
  const engine = await starting;
  const server = listen(port, pages.handle);
  return {
    url: `http://127.0.0.1:${server.port}`,
    templates: 0,
    stop: () => stopAll({ pages, server, engine }),
  };
}

function listen(port: number, handle: (request: Request) => Promise<Response | null>) {
  try {
    return Bun.serve({
      hostname: '127.0.0.1',
      port,
      idleTimeout: 30,
      async fetch(request, server) {
        const response = (await handle(request)) ?? new Response('Not found', { status: 404 });
        if (response.headers.get('content-type') === 'text/event-stream') server.timeout(request, 0);
        return response;
      },
    });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    throw new PreviewStartError(`Port ${port} is taken by another program; choose another with --port.`, {
      cause: error,
    });
  }
}

async function stopAll({
  pages,
  server,
  engine,
}: {
  pages: { stop(): Promise<void> };
  server: ReturnType<typeof Bun.serve>;
  engine: Engine;
}): Promise<void> {
  await pages.stop();
  await server.stop(true);
  await engine.close();
}
