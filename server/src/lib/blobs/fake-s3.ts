/** As much of the S3 API as the store uses, on loopback: path-style PUT, GET, HEAD and DELETE of objects, and their list, in memory. */
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
      const url = new URL(request.url);
      const name = decodeURIComponent(url.pathname.slice(1));
      if (url.searchParams.get('list-type') === '2') return listing(name, objects, url.searchParams);
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

/** ListObjectsV2: in the order of names, at most three a page, as a bucket may always give fewer than it was asked for. */
function listing(bucket: string, objects: ReadonlyMap<string, unknown>, asked: URLSearchParams): Response {
  const after = asked.get('continuation-token') ?? '';
  const start = bucket.endsWith('/') ? bucket : `${bucket}/`;
  const names = [...objects.keys()]
    .flatMap((name) => (name.startsWith(start) ? name.slice(start.length) : []))
    .filter((name) => name.startsWith(asked.get('prefix') ?? '') && name > after)
    .toSorted();
  const page = names.slice(0, Math.min(3, Number(asked.get('max-keys') ?? 1000)));
  const isTruncated = page.length < names.length;
  return new Response(
    `<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><KeyCount>${page.length}</KeyCount>
<IsTruncated>${isTruncated}</IsTruncated>${isTruncated ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : ''}
${page.map((name) => `<Contents><Key>${name}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>1</Size></Contents>`).join('')}
</ListBucketResult>`,
    { headers: { 'content-type': 'application/xml' } },
  );
}

function problem(status: number, code: string): Response {
  return new Response(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`, {
    status,
    headers: { 'content-type': 'application/xml' },
  });
}
