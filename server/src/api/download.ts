/**
 * Bytes that somebody else wrote, for saving and for nothing else: whatever their type says, a browser that is led to them runs and shows
 * nothing of it.
 */
export function toDownload(
  bytes: Uint8Array,
  { filename, contentType }: { filename: string; contentType: string },
): Response {
  return new Response(new Uint8Array(bytes), {
    headers: {
      'content-type': contentType,
      'content-disposition': toDisposition(filename),
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'cache-control': 'private, no-store',
    },
  });
}

const MAX_NAME_CHARS = 120;

/** In plain letters for every program, and in Unicode for those that know RFC 8187. */
function toDisposition(filename: string): string {
  const name = filename
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}/\\]/gu, '_')
    .slice(0, MAX_NAME_CHARS)
    .toWellFormed();
  const plain = name.replaceAll(/[^\w .-]/g, '_');
  const encoded = encodeURIComponent(name).replaceAll(/['()*]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  });
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
