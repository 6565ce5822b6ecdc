import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { isJsonObject } from '../lib/engine/json-object.ts';
import { startLocalEngine } from '../lib/templates/local-engine.ts';
import { findTemplates } from '../lib/templates/template-folder.ts';
import { createPages } from '../pages/pages.ts';
import { createClosers } from '../closers.ts';
import { openPreviewPart } from './preview-part.ts';
import { createPreviewService, type ServiceAddress } from './service.ts';

export { stopOnSignals } from '../signals.ts';

/** One sentence for the person at the terminal: what is in the way, and what to do. */
export class PreviewStartError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PreviewStartError';
  }
}

export type RunningPreview = {
  readonly url: string;
  readonly templates: readonly string[];
  stop(): Promise<void>;
};

export type PreviewOptions = {
  /** The folder of templates, as it was named. */
  folder: string;
  /** 0 takes any that is free. */
  port: number;
  /** Where compiled templates are kept. */
  cacheDir: string;
  /** Which service has the versions and sends tests; null for none. */
  service: ServiceAddress | null;
};

const HOST = '127.0.0.1';
const IDLE_TIMEOUT_S = 30;
const LOOK_TIMEOUT_MS = 500;

/**
 * Starts the preview by itself: templates of a folder, no database, no service of its own.
 *
 * @throws PreviewStartError with one clear sentence
 */
export async function startPreview(options: PreviewOptions): Promise<RunningPreview> {
  const { folder, port, cacheDir } = options;
  const path = resolve(folder);
  const templates = await findNames(folder, path);
  const service = options.service === null ? null : createPreviewService(options.service);
  const closers = createClosers();
  // Side by side with the rest: the sandbox takes the longest.
  const starting = startLocalEngine({ cacheDir });
  closers.add(async () => (await starting).close());
  try {
    const engine = () => starting;
    const part = await openPreviewPart({ folder: path, folderName: folder, engine, service: () => service });
    const pages = createPages({ parts: [part] });
    closers.add(pages.stop);
    const server = await listen(port, pages.handle);
    closers.add(() => server.stop(true));
    // A stream is a request without end, and ends first.
    closers.add(pages.stop);
    await starting;
    return { url: `http://${HOST}:${server.port}`, templates, stop: closers.closeAll };
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}

async function findNames(folder: string, path: string): Promise<string[]> {
  if (!existsSync(path)) throw new PreviewStartError(`There is no folder ${folder}; name one with --dir.`);
  const names = (await findTemplates(path)).map(({ name }) => name);
  if (names.length > 0) return names;
  throw new PreviewStartError(
    `${folder} holds no templates: each is a folder with an index.tsx, or a .tsx file.`,
  );
}

async function listen(port: number, handle: (request: Request) => Promise<Response | null>) {
  try {
    return Bun.serve({
      hostname: HOST,
      port,
      idleTimeout: IDLE_TIMEOUT_S,
      async fetch(request, server) {
        const response = (await handle(request)) ?? new Response('Not found', { status: 404 });
        if (response.headers.get('content-type') === 'text/event-stream') server.timeout(request, 0);
        return response;
      },
    });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    throw new PreviewStartError(await describeOther(port), { cause: error });
  }
}

/** A second start by mistake is the likeliest: then the first one is what was wanted. */
async function describeOther(port: number): Promise<string> {
  const url = `http://${HOST}:${port}`;
  try {
    const response = await fetch(`${url}/ui/preview/templates`, {
      signal: AbortSignal.timeout(LOOK_TIMEOUT_MS),
    });
    const list: unknown = await response.json();
    if (isJsonObject(list) && typeof list['folder'] === 'string') {
      return `A preview of ${list['folder']} runs at ${url}/preview already; use that one, or choose another port with --port.`;
    }
  } catch {
    // No preview, or none that answers: somebody else's.
  }
  return `Port ${port} is taken by another program; choose another with --port.`;
}
