import { isPublicIp, parseIp } from './ip-address.ts';

/** What a webhook's URL may be, beyond the public internet over TLS. */
export type TargetPolicy = {
  /** Plain HTTP too. */
  allowHttp: boolean;
  /** Addresses that are not public, and any port. */
  allowPrivate: boolean;
};

export type TargetCheck = { ok: true; url: URL } | { ok: false; reason: string };

const MAX_URL_LENGTH = 2048;

/** Where web servers listen. Others are for services that a request in HTTP could disturb. */
const PORTS: Readonly<Record<string, readonly number[]>> = { 'https:': [443, 8443], 'http:': [80, 8080] };

/** Names that mean a machine's own or its network's, whatever a resolver makes of them (RFC 6761, 6762, 8375, ICANN's "internal"). */
const LOCAL_SUFFIXES = ['localhost', 'local', 'internal', 'home.arpa', 'lan', 'intranet', 'corp'];

/** Checks everything about a URL that can be told without asking DNS; the addresses are checked when it is connected to. */
export function parseTargetUrl(text: string, policy: TargetPolicy): TargetCheck {
  if (text.length > MAX_URL_LENGTH) return refuse(`must have ${MAX_URL_LENGTH} characters at most`);
  const url = URL.parse(text);
  if (!url) return refuse('must be a URL such as https://example.com/hooks');
  if (url.protocol !== 'https:' && !(policy.allowHttp && url.protocol === 'http:')) {
    return refuse(`must begin with https://${policy.allowHttp ? ' or http://' : ''}`);
  }
  if (url.username !== '' || url.password !== '') return refuse('must not hold a user or password');
  if (url.hash !== '') return refuse('must not hold a fragment');
  const problem = policy.allowPrivate ? null : findLocalProblem(url);
  return problem === null ? { ok: true, url } : refuse(problem);
}

function findLocalProblem(url: URL): string | null {
  const ports = PORTS[url.protocol] ?? [];
  const port = portOf(url);
  if (!ports.includes(port)) return `must be on port ${ports.join(' or ')}`;
  const ip = parseIp(url.hostname);
  if (ip) return isPublicIp(ip) ? null : 'must be a public address';
  // The parser has turned every other way to write an IPv4 address into the plain one.
  const name = url.hostname.toLowerCase().replace(/\.+$/, '');
  if (!name.includes('.')) return 'must name a host with its domain';
  return LOCAL_SUFFIXES.some((suffix) => name.endsWith(`.${suffix}`)) ? 'must be a public host' : null;
}

/** The port of a URL, the scheme's own where it names none. */
export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

function refuse(reason: string): TargetCheck {
  return { ok: false, reason };
}
