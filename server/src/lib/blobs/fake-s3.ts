/** As much of the S3 API as the store uses, on loopback: path-style PUT, GET, HEAD and DELETE of objects, in memory. */
export function startFakeS3(): {
  url: string;
  objects: Map<string, Uint8Array<ArrayBuffer>>;
  stop(): Promise<void>;
} {
  const objects = new Map<string, Uint8Array<ArrayBuffer>>();
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      if (!request.headers.get('authorization')?.startsWith('AWS4-HMAC-SHA256 '))
        return problem(403, 'AccessDenied');
      const name = decodeURIComponent(new URL(request.url).pathname.slice(1));
      if (request.method === 'PUT') {
        objects.set(name, new Uint8Array(await request.arrayBuffer()));
        return new Response(null, { headers: { etag: '"x"' } });
      }
      if (request.method === 'DELETE') {
        objects.delete(name);
        return new Response(null, { status: 204 });
      }
      const bytes = objects.get(name);
      return bytes ? new Response(bytes) : problem(404, 'NoSuchKey');
    },
  });
  return { url: `http://127.0.0.1:${server.port}`, objects, stop: () => server.stop(true) };
}

function problem(status: number, code: string): Response {
  return new Response(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`, {
    status,
    headers: { 'content-type': 'application/xml' },
  });
}
