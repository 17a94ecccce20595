import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { DeliveryOptions } from '../../../core/delivery/endpoint.ts';
import type { FieldError } from '../../../core/problem.ts';

type ClientCertificate = NonNullable<DeliveryOptions['clientCertificate']>;

const MAX_RSA_BITS = 4_096;
/** OpenSSL's names of P-256 and P-384. */
const CURVES: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1']);

/** Checks a certificate, optionally with its intermediate certificates, and its key. Messages contain nothing of either. */
export function clientCertificateErrors({ certificate, key }: ClientCertificate): FieldError[] {
  if (read(() => new X509Certificate(certificate)) === undefined) {
    return wrong('certificate', 'must be a certificate in PEM');
  }
  if (read(() => createSecureContext({ cert: certificate })) === undefined) {
    return wrong(
      'certificate',
      'must be a complete certificate that TLS accepts, with an RSA key of at least 2,048 bits or an elliptic key',
    );
  }
  const privateKey = read(() => createPrivateKey(key));
  if (privateKey === undefined) return wrong('key', 'must be a private key in PEM, without a passphrase');
  if (!isAffordable(privateKey)) {
    return wrong('key', 'must be RSA of at most 4,096 bits, elliptic (P-256 or P-384), or Ed25519');
  }
  if (read(() => createSecureContext({ cert: certificate, key })) === undefined) {
    return wrong('key', 'is not the key of the certificate');
  }
  return [];
}

/**
 * Whether a key is fast enough. Every handshake signs with it on the thread of the event loop: RSA of 8,192 bits takes 40 ms,
 * of 4,096 bits 5 ms, and less usual curves have no fast code.
 */
function isAffordable({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  if (asymmetricKeyType === 'rsa') return (asymmetricKeyDetails?.modulusLength ?? Infinity) <= MAX_RSA_BITS;
  if (asymmetricKeyType === 'ec') return CURVES.has(asymmetricKeyDetails?.namedCurve ?? '');
  return asymmetricKeyType === 'ed25519';
}

function wrong(field: 'certificate' | 'key', message: string): FieldError[] {
  return [{ path: `client_certificate.${field}`, message }];
}

function read<Value>(make: () => Value): Value | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}

/** The fields that identify a certificate. The key is never shown. */
export function clientCertificateView(client: ClientCertificate | null) {
  if (client === null) return null;
  try {
    return certificateView(client.certificate);
  } catch {
    // The certificate was checked at creation, so the row was damaged later. Its attempts fail with `tls_failed`.
    return { subject: '', fingerprint_sha256: '', not_after: '' };
  }
}

function certificateView(certificate: string) {
  // Node's types do not say so, but `subject` is undefined for a certificate without one.
  const { subject, fingerprint256, validToDate }: Omit<X509Certificate, 'subject'> & { subject?: string } =
    new X509Certificate(certificate);
  return {
    subject: subject?.replaceAll('\n', ', ') ?? '',
    fingerprint_sha256: fingerprint256,
    not_after: validToDate.toISOString(),
  };
}
