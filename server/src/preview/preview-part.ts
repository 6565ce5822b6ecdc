import type { PreviewList, RenderRequest } from '@org/web/preview';
import type { Engine } from '../lib/engine/engine.ts';
import { createEventHub } from '../pages/event-hub.ts';
import { toMailFrame } from '../pages/mail-frame.ts';
import type { PagePart } from '../pages/pages.ts';
import { readJson } from '../pages/read-json.ts';
import { refusal } from '../pages/refusal.ts';
import { createKeptMails, type KeptMails } from './kept-mails.ts';
import { createPreviewRenderer } from './render-preview.ts';
import { parseRenderRequest } from './render-request.ts';
import { openShelf } from './template-shelf.ts';

export type PreviewPartOptions = {
  folder: string;
  /** How the folder is called for a person. */
  folderName: string;
  engine: () => Promise<Engine>;
};

const SANDBOX_KEY = 'preview';

/** The preview's server: what the templates of a folder look like now, and events when that changes. */
export async function openPreviewPart({ folder, folderName, engine }: PreviewPartOptions): Promise<PagePart> {
  const hub = createEventHub();
  const mails = createKeptMails();
  const shelf = await openShelf({ folder, onChange: (names) => hub.send('changed', { names }) });
  const render = async (request: RenderRequest): Promise<Response> => {
    const sources = await shelf.read(request.name);
    if (!sources) return refusal('not_found', `There is no template "${request.name}" in ${folderName}.`);
    const renderer = createPreviewRenderer({ engine: await engine(), mails, sandboxKey: SANDBOX_KEY });
    return Response.json(await renderer(sources, request));
  };
  const routes: Readonly<Record<string, (request: Request) => Promise<Response>>> = {
    'GET templates': async () => {
      const list: PreviewList = { folder: folderName, templates: await shelf.list(), service: null };
      return Response.json(list);
    },
    'GET events': async () => hub.subscribe(),
    'POST render': async (request) => {
      const parsed = parseRenderRequest(await readJson(request));
      return parsed ? render(parsed) : refusal('invalid_request', 'That is no request for a rendering.');
    },
  };
  return {
    name: 'preview',
    async handle(request, path) {
      if (path.startsWith('frames/')) return toFrame(mails, path.slice('frames/'.length), request);
      return (await routes[`${request.method} ${path}`]?.(request)) ?? null;
    },
    async stop() {
      hub.close();
      await shelf.stop();
    },
  };
}

function toFrame(mails: KeptMails, name: string, request: Request): Response | null {
  const html = mails.find(name);
  if (html === null) return null;
  const { searchParams } = new URL(request.url);
  const scheme = searchParams.get('scheme');
  return toMailFrame(html, {
    hasImages: searchParams.get('images') === '1',
    scheme: scheme === 'dark' || scheme === 'forced' ? scheme : 'light',
  });
}
