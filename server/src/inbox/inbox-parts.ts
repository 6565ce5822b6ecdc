import { toMailFrame } from '../pages/mail-frame.ts';
import type { PagePart } from '../pages/pages.ts';
import { refusal } from '../pages/refusal.ts';
import { createKeptMails, type KeptMails } from '../preview/kept-mails.ts';

/** A mail with the images that came with it. */
const MAX_FRAME_BYTES = 8 * 1024 * 1024;

/**
 * The parts that the inbox's pages and a message's page need besides the API. They hold nobody's mail: a page reads it from the API with
 * a key, and leaves here only what it wants to see in a frame, under a name that nobody can guess.
 */
export function createInboxParts(): PagePart[] {
  const mails = createKeptMails();
  const inbox: PagePart = {
    name: 'inbox',
    async handle(request, path) {
      if (request.method === 'POST' && path === 'frames') return keepFrame(mails, request);
      return path.startsWith('frames/') ? showFrame(mails, path.slice('frames/'.length), request) : null;
    },
    async stop() {},
  };
  const message: PagePart = { name: 'message', handle: async () => null, async stop() {} };
  return [inbox, message];
}

async function keepFrame(mails: KeptMails, request: Request): Promise<Response> {
  // What does not say how long it is may be endless.
  const length = Number(request.headers.get('content-length') ?? Number.POSITIVE_INFINITY);
  if (!(length <= MAX_FRAME_BYTES)) return refusal('too_large', 'The mail is too large to be shown.');
  return Response.json({ name: mails.keep(await request.text()) });
}

function showFrame(mails: KeptMails, name: string, request: Request): Response | null {
  const html = mails.find(name);
  if (html === null) return null;
  const { searchParams } = new URL(request.url);
  const scheme = searchParams.get('scheme');
  return toMailFrame(html, {
    hasImages: searchParams.get('images') === '1',
    scheme: scheme === 'dark' || scheme === 'forced' ? scheme : 'light',
  });
}
