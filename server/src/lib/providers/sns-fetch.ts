const TIMEOUT_MS = 5000;
const MAX_BYTES = 64 * 1024;

/**
 * Gets a certificate, or visits a confirmation, at an address that was checked: within 5 seconds, 64 KiB at most, no
 * redirect followed.
 *
 * @throws Error where any of that does not hold, or the answer is not 200
 */
export async function fetchSnsText(url: string): Promise<string> {
  const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (response.status !== 200) throw new Error(`answered ${response.status}`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new Error(`answered more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
