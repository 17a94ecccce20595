/**
 * Explains why a TLS connection to Redis or PostgreSQL failed, and what to change. Codes are OpenSSL's (verify(1)) and
 * Node's.
 * @param setting the setting that holds the address
 * @returns text that completes "<server> at <host>: …"; undefined when TLS was not the reason
 */
export function tlsReason(error: unknown, setting: 'DATABASE_URL' | 'REDIS_URL'): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error ? String(error.code) : '';
  // The connection closed during the handshake; Node has no code for this.
  if (error.message.includes('before secure TLS connection')) return `${NO_TLS}${PLAIN[setting]}.`;
  switch (code) {
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return `the issuer of its certificate is unknown: provide the authority's certificate, ${AUTHORITY[setting]}.`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `its certificate is for another name: use a name of the certificate in ${setting}.`;
    case 'CERT_HAS_EXPIRED':
      return 'its certificate has expired: renew it.';
    case 'CERT_NOT_YET_VALID':
      return 'its certificate is not valid yet: check the clocks of both machines.';
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
    case 'EPROTO':
      return `${NO_TLS}${PLAIN[setting]}.`;
    case 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED':
    case 'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE':
    case 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA':
      return `it requires a client certificate${CLIENT_CERTIFICATE[setting]}.`;
    default:
      return undefined;
  }
}

const AUTHORITY = {
  DATABASE_URL: 'with sslrootcert=/path/ca.pem in DATABASE_URL or with NODE_EXTRA_CA_CERTS=/path/ca.pem',
  REDIS_URL: 'with NODE_EXTRA_CA_CERTS=/path/ca.pem',
};
const NO_TLS = 'it speaks no TLS on this port, or no supported version of TLS: ';
const PLAIN = {
  DATABASE_URL: 'change the port, or remove sslmode from DATABASE_URL',
  REDIS_URL: 'change the port, or begin REDIS_URL with redis://',
};
const CLIENT_CERTIFICATE = {
  DATABASE_URL: ': add sslcert= and sslkey= to DATABASE_URL',
  REDIS_URL: ', which is not supported (tls-auth-clients no)',
};
