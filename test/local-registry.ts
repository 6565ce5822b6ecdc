import { createHash } from 'node:crypto';

/** A package as a registry has it: the files of its tarball. */
export type RegistryPackage = { name: string; version: string; files: Record<string, string> };

/** A registry of this machine, for what nobody has published; `asked` are the packages that somebody has asked for. */
export async function startRegistry(packages: readonly RegistryPackage[]) {
  const asked: string[] = [];
  const packed = new Map(
    await Promise.all(packages.map(async (one) => [one.name, await pack(one)] as const)),
  );
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch(request) {
      const { origin, pathname } = new URL(request.url);
      const [, name = '', isTarball] = /^\/(.+?)(\/-\/it\.tgz)?$/.exec(decodeURIComponent(pathname)) ?? [];
      const found = packed.get(name);
      if (isTarball && found) return new Response(found.tarball);
      asked.push(name);
      return found
        ? Response.json(toPackument(found, `${origin}/${name}/-/it.tgz`))
        : Response.json({ error: 'not found' }, { status: 404 });
    },
  });
  return { url: `${server.url}`, asked, stop: () => server.stop(true) };
}

type Packed = { manifest: { name: string; version: string }; tarball: Uint8Array<ArrayBuffer> };

async function pack({ name, version, files }: RegistryPackage): Promise<Packed> {
  const manifest = { ...Object(JSON.parse(files['package.json'] ?? '{}')), name, version };
  const contents = { ...files, 'package.json': JSON.stringify(manifest) };
  const inside = Object.fromEntries(
    Object.entries(contents).map(([path, text]): [string, string] => [`package/${path}`, text]),
  );
  return { manifest, tarball: await new Bun.Archive(inside, { compress: 'gzip' }).bytes() };
}

function toPackument({ manifest, tarball }: Packed, url: string): Record<string, unknown> {
  const { name, version } = manifest;
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
  const versions = { [version]: { ...manifest, dist: { tarball: url, integrity } } };
  return { name, 'dist-tags': { latest: version }, versions };
}
