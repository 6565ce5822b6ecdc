import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

export type TestCertificate = { key: string; cert: string; privateKey: KeyObject };

type CertificateOptions = { commonName?: string; notBefore?: Date; notAfter?: Date };

/** A self-signed certificate (X.509 v1, RSA 2048, SHA-256) of a fresh key, written out by hand. */
export function createTestCertificate({
  commonName = 'localhost',
  notBefore = new Date('2020-01-01T00:00:00Z'),
  notAfter = new Date('2040-01-01T00:00:00Z'),
}: CertificateOptions = {}): TestCertificate {
  const { privateKey: key, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const privateKey = createPrivateKey(key);
  const name = sequence(set(sequence(der(0x06, Buffer.from([0x55, 0x04, 0x03])), utf8(commonName))));
  const tbs = sequence(
    der(0x02, Buffer.from([1])),
    SHA256_WITH_RSA,
    name,
    sequence(time(notBefore), time(notAfter)),
    name,
    createPublicKey(publicKey).export({ type: 'spki', format: 'der' }),
  );
  const signature = der(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', tbs, privateKey)]));
  const lines =
    sequence(tbs, SHA256_WITH_RSA, signature)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  const cert = `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
  return { key, cert, privateKey };
}

function der(tag: number, content: Buffer): Buffer {
  const size = content.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

function sequence(...parts: Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function set(...parts: Buffer[]): Buffer {
  return der(0x31, Buffer.concat(parts));
}

function utf8(text: string): Buffer {
  return der(0x0c, Buffer.from(text));
}

function time(date: Date): Buffer {
  return der(0x17, Buffer.from(date.toISOString().replace(/\D/g, '').slice(2, 14).concat('Z')));
}

// 1.2.840.113549.1.1.11 with its NULL parameters.
const SHA256_WITH_RSA = Buffer.from('300d06092a864886f70d01010b0500', 'hex');
