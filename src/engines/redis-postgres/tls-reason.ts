/**
 * Why a TLS connection to a server of ours did not come about, and what to change. Codes are OpenSSL's (verify(1)) and Node's.
 * @param setting names the address in the sentence
 * @returns completes "<server> at <host>: …"; undefined where TLS was not the reason
 */
export function tlsReason(error: unknown, setting: 'DATABASE_URL' | 'REDIS_URL'): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error ? String(error.code) : '';
  // Closed in the middle of the handshake; Node has no code of its own for it.
  if (error.message.includes('before secure TLS connection')) return `${NO_TLS}${PLAIN[setting]}.`;
  switch (code) {
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return `who signed its certificate is unknown here: give the authority's certificate, ${AUTHORITY[setting]}.`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `its certificate is for another name: let ${setting} say a name that stands in it.`;
    case 'CERT_HAS_EXPIRED':
      return 'its certificate has expired: renew it.';
    case 'CERT_NOT_YET_VALID':
      return 'its certificate is not valid yet: look at the clocks of both machines.';
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
    case 'EPROTO':
      return `${NO_TLS}${PLAIN[setting]}.`;
    case 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED':
    case 'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE':
    case 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA':
      return `it asks for a certificate of ours${CLIENT_CERTIFICATE[setting]}.`;
    default:
      return undefined;
  }
}

const AUTHORITY = {
  DATABASE_URL: 'with sslrootcert=/path/ca.pem in DATABASE_URL or with NODE_EXTRA_CA_CERTS=/path/ca.pem',
  REDIS_URL: 'with NODE_EXTRA_CA_CERTS=/path/ca.pem',
};
const NO_TLS = 'it speaks no TLS on this port, or none that we speak: ';
const PLAIN = {
  DATABASE_URL: 'change the port, or remove sslmode from DATABASE_URL',
  REDIS_URL: 'change the port, or begin REDIS_URL with redis://',
};
const CLIENT_CERTIFICATE = {
  DATABASE_URL: ': add sslcert= and sslkey= to DATABASE_URL',
  REDIS_URL: ', which is not supported (tls-auth-clients no)',
};
