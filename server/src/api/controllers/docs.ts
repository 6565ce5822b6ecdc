import { Elysia } from 'elysia';
import type { DocumentedRoute } from '../openapi/described-operation.ts';
import { createDocument } from '../openapi/document.ts';
import { toErrorsHtml } from '../openapi/errors-page.ts';
import { PAGE_HEADERS } from '../openapi/html.ts';
import { OPERATIONS } from '../openapi/operations.ts';
import { toReferencePage } from '../openapi/reference-page.ts';

/** `/openapi.json`, `/docs` and `/docs/errors`: the API about itself. Each is made when somebody first asks, and kept. */
export function docsController({ routes }: { routes: () => readonly DocumentedRoute[] }) {
  const document = once(() => JSON.stringify(createDocument(routes(), OPERATIONS)));
  const reference = once(() => toReferencePage(routes(), OPERATIONS));
  const errors = once(toErrorsHtml);
  return new Elysia({ normalize: false })
    .get('/openapi.json', () => new Response(document(), { headers: { 'content-type': 'application/json' } }))
    .get('/docs', () => new Response(reference(), { headers: PAGE_HEADERS }))
    .get('/docs/errors', () => new Response(errors(), { headers: PAGE_HEADERS }));
}

function once(make: () => string): () => string {
  let made: string | null = null;
  return () => (made ??= make());
}
