import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { DeliveryOptions } from '../core/endpoint.ts';
import type { FieldError } from '../core/problem.ts';

type ClientCertificate = NonNullable<DeliveryOptions['clientCertificate']>;

/** What is wrong with a certificate (those that lead to it may follow) and its key; says nothing of what is in them. */
export function clientCertificateErrors({ certificate, key }: ClientCertificate): FieldError[] {
  if (read(() => new X509Certificate(certificate)) === undefined) {
    return wrong('certificate', 'must be a certificate in PEM');
  }
  if (read(() => createSecureContext({ cert: certificate })) === undefined) {
    return wrong(
      'certificate',
      'must be a certificate that TLS takes: whole, with a key of 2,048 bits or an elliptic one',
    );
  }
  if (read(() => createPrivateKey(key)) === undefined)
    return wrong('key', 'must be a private key in PEM, without a passphrase');
  if (read(() => createSecureContext({ cert: certificate, key })) === undefined) {
    return wrong('key', 'is not the key of the certificate');
  }
  return [];
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

/** What tells a certificate from another; the key is shown to nobody. */
export function clientCertificateView(client: ClientCertificate | null) {
  if (client === null) return null;
  // Node's types don't say so, but of a certificate without a subject there is none.
  const { subject, fingerprint256, validToDate }: Omit<X509Certificate, 'subject'> & { subject?: string } =
    new X509Certificate(client.certificate);
  return {
    subject: subject?.replaceAll('\n', ', ') ?? '',
    fingerprint_sha256: fingerprint256,
    not_after: validToDate.toISOString(),
  };
}
