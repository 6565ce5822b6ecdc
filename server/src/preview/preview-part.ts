import type {
  PreviewList,
  RenderAnswer,
  RenderRequest,
  TestAnswer,
  TestRequest,
  VersionAnswer,
  VersionRequest,
} from '@org/web/preview';
import type { Engine } from '../lib/engine/engine.ts';
import { createEventHub } from '../pages/event-hub.ts';
import { toMailFrame } from '../pages/mail-frame.ts';
import type { PagePart } from '../pages/pages.ts';
import { readJson } from '../pages/read-json.ts';
import { refusal } from '../pages/refusal.ts';
import { createKeptMails, type KeptMails } from './kept-mails.ts';
import { createPreviewRenderer, type PreviewRenderer } from './render-preview.ts';
import { parseRenderRequest, parseTestRequest, parseVersionRequest } from './requests.ts';
import type { PreviewService } from './service.ts';
import { openShelf, type TemplateShelf } from './template-shelf.ts';

export type PreviewPartOptions = {
  folder: string;
  /** How the folder is called for a person. */
  folderName: string;
  engine: () => Promise<Engine>;
  /** Asked for whenever it is needed, because it may come later than the pages; null where there is none. */
  service: () => PreviewService | null;
};

type Context = {
  folderName: string;
  shelf: TemplateShelf;
  mails: KeptMails;
  renderer: () => Promise<PreviewRenderer>;
  service: () => PreviewService | null;
};

const SANDBOX_KEY = 'preview';

/** The preview's server: what the templates of a folder look like now, and events when that changes. */
export async function openPreviewPart(options: PreviewPartOptions): Promise<PagePart> {
  const { folder, folderName, engine, service } = options;
  const hub = createEventHub();
  const mails = createKeptMails();
  const shelf = await openShelf({
    folder,
    onChange: (names) => hub.send('changed', { names }),
    onList: () => hub.send('listed', {}),
  });
  let renderer: PreviewRenderer | null = null;
  const context: Context = {
    folderName,
    shelf,
    mails,
    service,
    async renderer() {
      renderer ??= createPreviewRenderer({ engine: await engine(), mails, sandboxKey: SANDBOX_KEY });
      return renderer;
    },
  };
  const routes: Readonly<Record<string, Handler>> = {
    ...createRoutes(context),
    'GET events': async () => hub.subscribe(),
  };
  const route = (name: string) => Object.entries(routes).find(([candidate]) => candidate === name)?.[1];
  return {
    name: 'preview',
    async handle(request, path) {
      if (path.startsWith('frames/')) return toFrame(mails, path.slice('frames/'.length), request);
      return (await route(`${request.method} ${path}`)?.(request)) ?? null;
    },
    async stop() {
      hub.close();
      await shelf.stop();
    },
  };
}

type Handler = (request: Request) => Promise<Response>;

function createRoutes(context: Context): Readonly<Record<string, Handler>> {
  const { shelf, folderName, service } = context;
  return {
    'GET templates': async () => {
      const url = service()?.url;
      const templates = shelf.list();
      const list: PreviewList = {
        folder: folderName,
        templates,
        service: url === undefined ? null : { url },
      };
      return Response.json(list);
    },
    'POST render': withBody(parseRenderRequest, async (asked) => {
      const answer = await render(context, asked);
      if (answer) return Response.json(answer);
      return refusal('not_found', `There is no template "${asked.name}" in ${folderName}.`);
    }),
    'GET versions': async (request) => {
      const name = new URL(request.url).searchParams.get('name') ?? '';
      return Response.json((await service()?.versions(name)) ?? { versions: [] });
    },
    'POST version': withBody(parseVersionRequest, async (asked) =>
      Response.json(await renderVersion(context, asked)),
    ),
    'POST tests': withBody(parseTestRequest, async (asked) => Response.json(await sendTest(context, asked))),
    'GET tests': async (request) => {
      const id = new URL(request.url).searchParams.get('id') ?? '';
      const progress = await service()?.follow(id);
      return progress ? Response.json(progress) : refusal('not_found', 'The service knows no such message.');
    },
  };
}

function withBody<T>(parse: (value: unknown) => T | null, work: (asked: T) => Promise<Response>): Handler {
  return async (request) => {
    const asked = parse(await readJson(request));
    return asked === null ? refusal('invalid_request', 'That is not what this takes.') : work(asked);
  };
}

async function render({ shelf, renderer }: Context, asked: RenderRequest): Promise<RenderAnswer | null> {
  const sources = await shelf.read(asked.name);
  return sources === null ? null : (await renderer())(sources, asked);
}

async function renderVersion({ mails, service }: Context, asked: VersionRequest): Promise<VersionAnswer> {
  const answer = await service()?.render(asked);
  if (!answer) return NO_SERVICE;
  return answer.ok ? { ...answer, frame: mails.keep(answer.html) } : answer;
}

const NO_SERVICE = { ok: false, message: 'No service is known here.' } as const;

/** What is shown is what is sent: rendered here, whether or not it was pushed. */
async function sendTest(context: Context, { rendering, to }: TestRequest): Promise<TestAnswer> {
  const service = context.service();
  if (!service) return NO_SERVICE;
  const mail = await render(context, rendering);
  if (!mail?.ok) return { ok: false, message: 'The template does not render; mend that first.' };
  const { html, text, from, headers, subject } = mail;
  return service.send({ to, html, text, from, headers, subject: subject ?? rendering.name });
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
