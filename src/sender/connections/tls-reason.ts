import type { PeerCertificate } from 'node:tls';
import type { Timestamp } from '../../core/time.ts';

const MAX_NAMES = 3;
const UNKNOWN_ISSUER = 'certificate issuer unknown';
const CLIENT_CERTIFICATE_REFUSED = 'the receiver does not accept the client certificate';

/** The prefix of a peer's alert, which differs between versions of TLS and OpenSSL. */
const ALERT = /^ERR_SSL_(?:SSL\/TLS|SSLV3|TLSV1|TLSV13)_(?:ALERT_)?/;

/** Details by OpenSSL and Node code. */
const REASONS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: `${UNKNOWN_ISSUER}: its chain ends in a self-signed certificate that is not trusted`,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_ISSUER,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_ISSUER,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: `${UNKNOWN_ISSUER}, or the receiver does not send the intermediate certificates`,
  CERT_UNTRUSTED: UNKNOWN_ISSUER,
  CERT_REVOKED: 'certificate is revoked',
  CERT_CHAIN_TOO_LONG: 'certificate chain is too long',
  INVALID_PURPOSE: 'certificate is not for servers',
  ERR_SSL_WRONG_VERSION_NUMBER: 'plain HTTP on an https address (the answer is not TLS)',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'plain HTTP on an https address (the answer is not TLS)',
  ALERT_NO_APPLICATION_PROTOCOL: 'the receiver speaks HTTP/2 only',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'the receiver speaks only versions of TLS before 1.2',
  ALERT_PROTOCOL_VERSION: 'the receiver speaks only versions of TLS before 1.2',
  ALERT_HANDSHAKE_FAILURE: 'the receiver refused the handshake: no common cipher, or it asks for a client certificate',
  ALERT_CERTIFICATE_REQUIRED: 'the receiver asks for a client certificate',
  ALERT_BAD_CERTIFICATE: CLIENT_CERTIFICATE_REFUSED,
  ALERT_CERTIFICATE_UNKNOWN: CLIENT_CERTIFICATE_REFUSED,
  ALERT_CERTIFICATE_EXPIRED: `${CLIENT_CERTIFICATE_REFUSED}: it has expired`,
  ALERT_UNSUPPORTED_CERTIFICATE: CLIENT_CERTIFICATE_REFUSED,
  ALERT_UNKNOWN_CA: `${CLIENT_CERTIFICATE_REFUSED}: it does not know its issuer`,
  ALERT_ACCESS_DENIED: CLIENT_CERTIFICATE_REFUSED,
  ALERT_UNRECOGNIZED_NAME: 'the receiver has no certificate for this name',
};

/**
 * Describes a failed TLS handshake.
 * @param args.code the error's code
 * @param args.host the requested name or address
 * @param args.peer the receiver's certificate, if it was received
 */
export function tlsReason(args: {
  code: string;
  host: string;
  peer: PeerCertificate | undefined;
  now: Timestamp;
}): string {
  const { code, host, peer, now } = args;
  if (code === 'CERT_HAS_EXPIRED') {
    const isItself = peer !== undefined && Date.parse(peer.valid_to) < now;
    return isItself ? `certificate expired on ${dayOf(peer.valid_to)}` : 'a certificate of the chain has expired';
  }
  if (code === 'CERT_NOT_YET_VALID' && peer !== undefined) {
    return `certificate is not valid before ${dayOf(peer.valid_from)}`;
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `certificate is ${namesOf(peer)}, not ${host}`;
  return REASONS[code.replace(ALERT, 'ALERT_')] ?? `TLS handshake failed (${code === '' ? 'no reason given' : code})`;
}

/** Lists host names only: addresses do not help, and may belong to a private network. */
function namesOf(peer: PeerCertificate | undefined): string {
  const names = (peer?.subjectaltname ?? '')
    .split(', ')
    .map((entry) => /^DNS:([A-Za-z0-9_*.-]{1,100})$/.exec(entry)?.[1])
    .filter((name) => name !== undefined);
  if (names.length === 0) return 'for no host name';
  const more = names.length - MAX_NAMES;
  return `for ${names.slice(0, MAX_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function dayOf(text: string): string {
  const at = Date.parse(text);
  return Number.isNaN(at) ? 'an unreadable date' : new Date(at).toISOString().slice(0, 10);
}
