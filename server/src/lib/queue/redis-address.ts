/** Where Redis is, and in which form it runs. */
export type RedisAddress =
  | { kind: 'single'; url: string }
  | {
      kind: 'sentinel';
      sentinels: readonly RedisNode[];
      /** What the sentinels call the master. */
      name: string;
      db: number;
      login: RedisLogin;
      /** Of the sentinels themselves, where they ask for one. */
      sentinelPassword: string | null;
      isTls: boolean;
    }
  | { kind: 'cluster'; nodes: readonly RedisNode[]; login: RedisLogin; isTls: boolean };

export type RedisNode = { host: string; port: number };

export type RedisLogin = { username?: string; password?: string };

const MANY = /^(rediss?)\+(sentinel|cluster):\/\/(?:([^@/]*)@)?([^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/;
const NODE = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i;

const SENTINEL_PORT = 26_379;
const REDIS_PORT = 6379;

/**
 * Reads `redis://host`, `redis+sentinel://user:password@host1,host2/name/db?sentinelPassword=...` and
 * `redis+cluster://user:password@host1,host2`, each with `rediss` for TLS; null for anything else.
 */
export function parseRedisUrl(url: string): RedisAddress | null {
  try {
    return parseAddress(url);
  } catch (error) {
    // Percent signs that encode nothing.
    if (error instanceof URIError) return null;
    throw error;
  }
}

function parseAddress(url: string): RedisAddress | null {
  if (/^rediss?:\/\/.+$/.test(url)) return { kind: 'single', url };
  const [, scheme, form, login, hosts = '', path = '', query] = MANY.exec(url) ?? [];
  const nodes = parseNodes(hosts, form === 'sentinel' ? SENTINEL_PORT : REDIS_PORT);
  if (!nodes) return null;
  const shared = { login: parseLogin(login), isTls: scheme === 'rediss' };
  if (form === 'cluster') return path === '' ? { kind: 'cluster', nodes, ...shared } : null;
  const [name = '', db = '0', ...rest] = path.split('/').map((part) => decodeURIComponent(part));
  if (name === '' || !/^\d{1,4}$/.test(db) || rest.length > 0) return null;
  const sentinelPassword = new URLSearchParams(query).get('sentinelPassword');
  return { kind: 'sentinel', sentinels: nodes, name, db: Number(db), sentinelPassword, ...shared };
}

function parseNodes(hosts: string, standardPort: number): RedisNode[] | null {
  const nodes = hosts.split(',').map((text) => {
    const [, host, port] = NODE.exec(text.trim()) ?? [];
    return host ? { host: host.replaceAll(/[[\]]/g, ''), port: Number(port ?? standardPort) } : null;
  });
  const found = nodes.filter((node) => node !== null);
  return found.length === nodes.length ? found : null;
}

function parseLogin(text: string | undefined): RedisLogin {
  if (!text) return {};
  const [username = '', ...rest] = text.split(':');
  return {
    ...(username && { username: decodeURIComponent(username) }),
    ...(rest.length > 0 && { password: decodeURIComponent(rest.join(':')) }),
  };
}
