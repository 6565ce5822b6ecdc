import { resolveTxt } from 'node:dns/promises';
import { type Check, failed, ok, skipped, warning } from './check.ts';

/** Text records of a name; empty where there are none. */
export type ReadTxt = (name: string) => Promise<string[]>;

const PLAIN_DOMAIN = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/i;

/** Whether mail from a domain proves where it comes from: SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 7489). */
export async function checkDns(
  domain: string,
  selectors: readonly string[],
  readTxt: ReadTxt = readFromDns,
): Promise<Check[]> {
  if (!PLAIN_DOMAIN.test(domain))
    return [failed('dns', `"${domain}" is not a domain`, 'Write it like shop.example.com.')];
  try {
    const dkim = selectors.map((selector) => checkDkim(domain, selector, readTxt));
    return await Promise.all([
      checkSpf(domain, readTxt),
      ...(dkim.length > 0 ? dkim : [skipped('dkim', 'name its selectors with --dkim-selector')]),
      checkDmarc(domain, readTxt),
    ]);
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'no answer';
    return [failed('dns', `cannot be asked (${reason})`, "Check this machine's name servers.")];
  }
}

async function checkSpf(domain: string, readTxt: ReadTxt): Promise<Check> {
  const records = (await readTxt(domain)).filter((text) => /^v=spf1( |$)/i.test(text));
  const [record] = records;
  if (record === undefined) {
    return failed(
      'spf',
      `${domain} has no SPF record`,
      `Add a TXT record at ${domain}: "v=spf1 include:<your provider> -all".`,
    );
  }
  if (records.length > 1)
    return failed(
      'spf',
      `${domain} has ${records.length} SPF records`,
      'Keep one: with several, all fail (RFC 7208, 4.5).',
    );
  if (/[ +]all\b/i.test(record) && !/[-~?]all\b/i.test(record))
    return warning('spf', record, 'It lets everybody send: end it with -all or ~all.');
  return ok('spf', record);
}

async function checkDkim(domain: string, selector: string, readTxt: ReadTxt): Promise<Check> {
  const name = `${selector}._domainkey.${domain}`;
  const record = (await readTxt(name)).find((text) => /(^|;)\s*p=/i.test(text));
  if (record === undefined)
    return failed('dkim', `${name} has no key`, `Publish the public key as a TXT record at ${name}.`);
  if (/(^|;)\s*p=\s*(;|$)/i.test(record))
    return failed('dkim', `${name} is revoked`, 'Publish a key, or sign with another selector.');
  return ok('dkim', `${name} has a key`);
}

async function checkDmarc(domain: string, readTxt: ReadTxt): Promise<Check> {
  const name = `_dmarc.${domain}`;
  const record = (await readTxt(name)).find((text) => /^v=DMARC1/i.test(text));
  if (record === undefined)
    return failed(
      'dmarc',
      `${name} has no policy`,
      `Add a TXT record at ${name}: "v=DMARC1; p=none; rua=mailto:dmarc@${domain}".`,
    );
  // `sp=none` is another tag: the policy of its subdomains (RFC 7489, 6.3).
  if (/;\s*p\s*=\s*none/i.test(record))
    return warning('dmarc', record, 'It only watches: p=quarantine or p=reject once its reports are clean.');
  return ok('dmarc', record);
}

async function readFromDns(name: string): Promise<string[]> {
  try {
    return (await resolveTxt(name)).map((parts) => parts.join(''));
  } catch (error) {
    const isEmpty =
      error instanceof Error && 'code' in error && ['ENODATA', 'ENOTFOUND'].includes(String(error.code));
    if (isEmpty) return [];
    throw error;
  }
}
