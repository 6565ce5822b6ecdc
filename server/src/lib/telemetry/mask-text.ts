/** A whole key of ours; its prefix may be told, its secret never. */
const OWN_KEY = /\b(mk_(?:live|test)_[A-Za-z0-9]+_)[A-Za-z0-9_-]+/g;

/** User and password in a URL. */
const URL_LOGIN = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]*:[^\s/@]*@/gi;

/**
 * An address, of which the domain is enough to see whose server refuses. Bounded (RFC 5321 §4.5.3.1.1: 64 octets), so that a long text
 * costs no more than its length.
 */
const ADDRESS = /[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?=[A-Za-z0-9[])/g;

/** Takes out of a text what is nobody's business who reads logs: people's addresses, logins in URLs, and our keys. */
export function maskText(text: string): string {
  return text
    .replace(OWN_KEY, '$1[redacted]')
    .replace(URL_LOGIN, '$1[redacted]@')
    .replace(ADDRESS, '[redacted]@');
}
