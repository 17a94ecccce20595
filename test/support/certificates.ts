import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** An authority of a test's own, and what it signed. Made anew for each run: no key is ever committed. */
export interface Certificates {
  readonly authority: KeyPair;
  /** For `good.test` and 127.0.0.1. */
  readonly good: KeyPair;
  /** For `other.test` only. */
  readonly otherName: KeyPair;
  readonly expired: KeyPair;
  /** For `good.test`, signed by itself. */
  readonly selfSigned: KeyPair;
  /** Signed by itself, in nobody's name. */
  readonly withoutSubject: KeyPair;
  /** With an RSA key of 1,024 bits, which TLS takes no more. */
  readonly weak: KeyPair;
}

const ELLIPTIC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];

export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'triggers-tls-'));
  const file = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  };
  const read = (name: string): KeyPair => ({
    cert: readFileSync(file(`${name}.crt`), 'utf8'),
    key: readFileSync(file(`${name}.key`), 'utf8'),
  });
  const selfSign = (name: string, subject: string, extension: string, kind: readonly string[] = ELLIPTIC): KeyPair => {
    openssl(
      'req',
      '-x509',
      ...kind,
      '-nodes',
      '-days',
      '2',
      '-subj',
      subject,
      '-addext',
      extension,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.crt`,
    );
    return read(name);
  };
  const signByAuthority = (name: string, names: string, validity: readonly string[]): KeyPair => {
    openssl('req', ...ELLIPTIC, '-nodes', '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    writeFileSync(file(`${name}.ext`), `subjectAltName=${names}\n`);
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'authority.crt',
      '-CAkey',
      'authority.key',
      '-CAcreateserial',
      '-extfile',
      `${name}.ext`,
      ...validity,
      '-out',
      `${name}.crt`,
    );
    return read(name);
  };
  try {
    return {
      authority: selfSign('authority', '/CN=Test Authority', 'basicConstraints=critical,CA:TRUE'),
      good: signByAuthority('good', 'DNS:good.test,IP:127.0.0.1', ['-days', '2']),
      otherName: signByAuthority('other', 'DNS:other.test', ['-days', '2']),
      expired: signByAuthority('expired', 'DNS:good.test', ['-days', '-1']),
      selfSigned: selfSign('self', '/CN=good.test', 'subjectAltName=DNS:good.test'),
      withoutSubject: selfSign('nobody', '/', 'subjectAltName=DNS:good.test'),
      weak: selfSign('weak', '/CN=weak', 'subjectAltName=DNS:good.test', ['-newkey', 'rsa:1024']),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param kind as in `openssl req -newkey`, with its options */
export function selfSignedOf(kind: readonly string[]): KeyPair {
  const folder = mkdtempSync(join(tmpdir(), 'triggers-tls-'));
  try {
    const files = ['-subj', '/CN=kind', '-keyout', 'a.key', '-out', 'a.crt'];
    execFileSync('openssl', ['req', '-x509', '-nodes', ...kind, ...files], { cwd: folder, stdio: 'pipe' });
    return { cert: readFileSync(join(folder, 'a.crt'), 'utf8'), key: readFileSync(join(folder, 'a.key'), 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
