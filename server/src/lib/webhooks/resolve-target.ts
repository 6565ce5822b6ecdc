import { lookup } from 'node:dns/promises';
import { isPublicIp, parseIp } from './ip-address.ts';
import type { TargetPolicy } from './target.ts';

/** All addresses of a name, in the order to try them. */
export type ResolveName = (name: string) => Promise<readonly string[]>;

export type ResolvedTarget = { ok: true; address: string } | { ok: false; reason: string };

/** Asks the system's resolver, as everything else on the machine does. */
export async function resolveBySystem(name: string): Promise<readonly string[]> {
  const answers = await lookup(name, { all: true, verbatim: true });
  return answers.map(({ address }) => address);
}

/**
 * The address to connect to, checked. One address that is not public refuses the name as a whole: an honest name has none, and the
 * other answers may be there to pass the check.
 */
export async function resolveTarget(
  url: URL,
  { resolve, allowPrivate }: { resolve: ResolveName } & Pick<TargetPolicy, 'allowPrivate'>,
): Promise<ResolvedTarget> {
  const isLiteral = parseIp(url.hostname) !== null;
  const answers = isLiteral ? [bare(url.hostname)] : await resolve(url.hostname);
  const [first] = answers;
  if (first === undefined) return { ok: false, reason: 'the name has no address' };
  const isWrong = (address: string) => {
    const bytes = parseIp(address);
    return !bytes || !(allowPrivate || isPublicIp(bytes));
  };
  if (answers.some(isWrong)) return { ok: false, reason: 'the name leads to an address that is not public' };
  return { ok: true, address: first };
}

function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}
