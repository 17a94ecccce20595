import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { DeliveryOptions } from '../core/endpoint.ts';
import type { FieldError } from '../core/problem.ts';

type ClientCertificate = NonNullable<DeliveryOptions['clientCertificate']>;

/** What is wrong with a certificate and its key; says nothing of what is in them. */
export function clientCertificateErrors({ certificate, key }: ClientCertificate): FieldError[] {
  const path = 'client_certificate';
  let parsed: X509Certificate;
  try {
    parsed = new X509Certificate(certificate);
  } catch {
    return [{ path: `${path}.certificate`, message: 'must be a certificate in PEM' }];
  }
  try {
    if (!parsed.checkPrivateKey(createPrivateKey(key))) {
      return [{ path: `${path}.key`, message: 'is not the key of the certificate' }];
    }
    createSecureContext({ cert: certificate, key });
  } catch {
    return [{ path: `${path}.key`, message: 'must be a private key in PEM, without a passphrase' }];
  }
  return [];
}

/** What tells a certificate from another; the key is shown to nobody. */
export function clientCertificateView(client: ClientCertificate | null) {
  if (client === null) return null;
  const { subject, fingerprint256, validTo } = new X509Certificate(client.certificate);
  return {
    subject: subject.replaceAll('\n', ', '),
    fingerprint_sha256: fingerprint256,
    not_after: new Date(validTo).toISOString(),
  };
}
