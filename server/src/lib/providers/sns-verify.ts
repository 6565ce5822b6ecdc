import { createVerify, X509Certificate } from 'node:crypto';
import { parseSnsMessage, type SnsMessage, snsHostOf, toSignedText } from './sns-message.ts';

export type SnsRefusal =
  | 'malformed'
  | 'unknown_topic'
  | 'stale'
  | 'bad_certificate_url'
  | 'bad_certificate'
  | 'bad_signature'
  /** Not the sender's fault: it should try again. */
  | 'certificate_unavailable';

export type SnsVerdict = { ok: true; message: SnsMessage } | { ok: false; code: SnsRefusal };

export type SnsVerifierOptions = {
  /** The only topics that are listened to. */
  topicArns: readonly string[];
  /** Gets the PEM text behind an address that was checked; see `fetchSnsText`. */
  fetchCertificate: (url: string) => Promise<string>;
  now?: () => Date;
  /** 2 hours by default: the service's own retries end within one. */
  maxAgeMs?: number;
};

export type SnsVerifier = {
  /** Judges the raw body of a callback. What is not verified has no effect but this answer. */
  verify(body: string): Promise<SnsVerdict>;
};

/** How far the service's clock may be ahead of ours. */
const MAX_AHEAD_MS = 5 * 60_000;
const CERTIFICATE_LIFE_MS = 24 * 3_600_000;
const FAILURE_LIFE_MS = 60_000;
const MAX_KEPT = 16;
const MAX_LOADING = 4;

const DIGESTS = { 1: 'RSA-SHA1', 2: 'RSA-SHA256' } as const;

/**
 * Verifies callbacks of Amazon's notification service. The cheap checks come first, so that a stranger cannot make us
 * fetch anything unless he knows a topic of ours; and then only certificates, from that topic's own host.
 */
export function createSnsVerifier({
  topicArns,
  fetchCertificate,
  now = () => new Date(),
  maxAgeMs = 2 * 3_600_000,
}: SnsVerifierOptions): SnsVerifier {
  const topics = new Set(topicArns);
  const certificates = createCertificateCache(fetchCertificate, now);
  return {
    async verify(body) {
      const message = parseSnsMessage(body);
      if (!message) return { ok: false, code: 'malformed' };
      if (!topics.has(message.TopicArn)) return { ok: false, code: 'unknown_topic' };
      const ageMs = now().getTime() - Date.parse(message.Timestamp);
      if (!(ageMs <= maxAgeMs && ageMs >= -MAX_AHEAD_MS)) return { ok: false, code: 'stale' };
      if (!isCertificateUrl(message)) return { ok: false, code: 'bad_certificate_url' };
      const certificate = await certificates.get(message.SigningCertURL);
      if (certificate === null) return { ok: false, code: 'certificate_unavailable' };
      if (!isValidAt(certificate, now())) return { ok: false, code: 'bad_certificate' };
      return isSignedBy(message, certificate) ? { ok: true, message } : { ok: false, code: 'bad_signature' };
    },
  };
}

/**
 * The address to visit to confirm a subscription; null where the message asks for none or the address leads anywhere
 * but to the confirmation of that very topic. Only for a message that was verified.
 */
export function toConfirmationUrl(message: SnsMessage): string | null {
  if (message.Type !== 'SubscriptionConfirmation') return null;
  const url = parseServiceUrl(message.SubscribeURL, message.TopicArn);
  if (!url || url.pathname !== '/') return null;
  const { searchParams: query } = url;
  const isConfirmation =
    [...query.keys()].toSorted().join() === 'Action,Token,TopicArn' &&
    query.get('Action') === 'ConfirmSubscription' &&
    query.get('TopicArn') === message.TopicArn &&
    query.get('Token') === message.Token;
  return isConfirmation ? url.href : null;
}

function isCertificateUrl({ SigningCertURL, TopicArn }: SnsMessage): boolean {
  const url = parseServiceUrl(SigningCertURL, TopicArn);
  return (
    url !== null && url.search === '' && /^\/SimpleNotificationService-[\w-]{1,100}\.pem$/.test(url.pathname)
  );
}

/**
 * The host is compared as a whole with the one that the topic's region has, never matched by a pattern: a bucket called
 * "sns" has a host of amazonaws.com too.
 */
function parseServiceUrl(text: string, topicArn: string): URL | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  const isPlain = url.username === '' && url.password === '' && url.port === '' && url.hash === '';
  return url.protocol === 'https:' && url.hostname === snsHostOf(topicArn) && isPlain ? url : null;
}

function isSignedBy(message: SnsMessage, certificate: X509Certificate): boolean {
  if (certificate.publicKey.asymmetricKeyType !== 'rsa') return false;
  const verify = createVerify(DIGESTS[message.SignatureVersion]).update(toSignedText(message), 'utf8');
  return verify.verify(certificate.publicKey, message.Signature, 'base64');
}

function isValidAt({ validFrom, validTo }: X509Certificate, now: Date): boolean {
  return Date.parse(validFrom) <= now.getTime() && now.getTime() <= Date.parse(validTo);
}

/**
 * Keeps certificates for a day and failures for a minute, and asks once however many are waiting. Failures are kept
 * apart: made-up addresses must not push a certificate out, nor make us ask for more than a few at once.
 */
function createCertificateCache(
  fetchCertificate: (url: string) => Promise<string>,
  now: () => Date,
): { get(url: string): Promise<X509Certificate | null> } {
  const certificates = new Map<string, { certificate: X509Certificate; endsAt: number }>();
  const failures = new Map<string, number>();
  const loading = new Map<string, Promise<X509Certificate | null>>();

  async function load(url: string): Promise<X509Certificate | null> {
    try {
      const certificate = new X509Certificate(await fetchCertificate(url));
      certificates.delete(url);
      makeRoom(certificates);
      certificates.set(url, { certificate, endsAt: now().getTime() + CERTIFICATE_LIFE_MS });
      return certificate;
    } catch {
      // Out of reach, or no certificate: both are the service's to mend, and it will send the message again.
      makeRoom(failures);
      failures.set(url, now().getTime() + FAILURE_LIFE_MS);
      return null;
    } finally {
      loading.delete(url);
    }
  }

  return {
    async get(url) {
      const known = certificates.get(url);
      if (known && known.endsAt > now().getTime()) return known.certificate;
      if ((failures.get(url) ?? 0) > now().getTime()) return null;
      const underWay = loading.get(url);
      if (underWay) return underWay;
      if (loading.size >= MAX_LOADING) return null;
      const work = load(url);
      loading.set(url, work);
      return work;
    },
  };
}

function makeRoom(map: Map<string, unknown>): void {
  const oldest = map.keys().next().value;
  if (map.size >= MAX_KEPT && oldest !== undefined) map.delete(oldest);
}
