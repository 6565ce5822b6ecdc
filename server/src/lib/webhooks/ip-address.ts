/** The bytes of an address: 4 or 16 of them. */
export type IpBytes = readonly number[];

/**
 * Reads an IPv4 address in its one plain form, or an IPv6 address (with or without brackets and zone); null for anything else. The
 * other forms of IPv4 (octal, hexadecimal, one number) are not read: whoever writes them has something to hide.
 */
export function parseIp(text: string): IpBytes | null {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  return bare.includes(':') ? parseIpv6(bare.split('%')[0] ?? '') : parseIpv4(bare);
}

function parseIpv4(text: string): IpBytes | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part))) return null;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : null;
}

function parseIpv6(text: string): IpBytes | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const [head, tail] = halves.map(parseGroups);
  if (!head || (halves.length === 2 && !tail)) return null;
  if (!tail) return head.length === 16 ? head : null;
  const missing = 16 - head.length - tail.length;
  return missing >= 2 ? [...head, ...Array<number>(missing).fill(0), ...tail] : null;
}

/** The bytes of groups between colons, the last of which may be an IPv4 address. */
function parseGroups(text: string): number[] | null {
  if (text === '') return [];
  const groups = text.split(':');
  const bytes: number[] = [];
  for (const [index, group] of groups.entries()) {
    if (group.includes('.') && index === groups.length - 1) {
      const embedded = parseIpv4(group);
      if (!embedded) return null;
      bytes.push(...embedded);
      continue;
    }
    if (!/^[0-9a-f]{1,4}$/i.test(group)) return null;
    const value = Number.parseInt(group, 16);
    bytes.push(value >> 8, value & 0xff);
  }
  return bytes;
}

type Range = { bytes: IpBytes; bits: number };

/** IANA's special-purpose registry of IPv4, but for what it calls globally reachable; multicast; and the reserved rest. */
const NOT_PUBLIC_V4 = ranges(
  '0.0.0.0/8', // this network
  '10.0.0.0/8', // private
  '100.64.0.0/10', // carrier-grade NAT, where some clouds keep their metadata
  '127.0.0.0/8', // loopback
  '169.254.0.0/16', // link-local, where most clouds keep theirs
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments
  '192.0.2.0/24', // documentation
  '192.31.196.0/24', // AS112
  '192.52.193.0/24', // AMT
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16', // private
  '192.175.48.0/24', // AS112
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and broadcast
);

/** Whatever else is public in IPv6 lies in here. */
const GLOBAL_UNICAST = ranges('2000::/3');

/** Of global unicast, what is no address of a host, or hides another address in itself. */
const NOT_PUBLIC_V6 = ranges(
  '2001::/23', // protocol assignments, Teredo among them
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4: an IPv4 address inside
  '2620:4f:8000::/48', // AS112
  '3fff::/20', // documentation
);

/** An IPv4 address is in the last four bytes: mapped, and translated by NAT64. */
const EMBEDS_V4 = ranges('::ffff:0:0/96', '64:ff9b::/96');

/** True for an address that a host on the public internet can have; loopback, private, link-local and the like are not. */
export function isPublicIp(bytes: IpBytes): boolean {
  if (bytes.length === 4) return !isIn(bytes, NOT_PUBLIC_V4);
  if (isIn(bytes, EMBEDS_V4)) return isPublicIp(bytes.slice(12));
  return isIn(bytes, GLOBAL_UNICAST) && !isIn(bytes, NOT_PUBLIC_V6);
}

function isIn(bytes: IpBytes, candidates: readonly Range[]): boolean {
  return candidates.some((range) => hasPrefix(bytes, range));
}

function hasPrefix(bytes: IpBytes, { bytes: prefix, bits }: Range): boolean {
  return prefix.every((expected, index) => {
    const left = Math.min(Math.max(bits - index * 8, 0), 8);
    const mask = (0xff << (8 - left)) & 0xff;
    return ((bytes[index] ?? 0) & mask) === (expected & mask);
  });
}

function ranges(...texts: string[]): Range[] {
  return texts.map((text) => {
    const [address = '', bits] = text.split('/');
    const bytes = parseIp(address);
    if (!bytes) throw new Error(`not a range of addresses: ${text}`);
    return { bytes, bits: Number(bits) };
  });
}
