/** What a relay shows for HTTPS, by its configuration. */
import { hostname } from 'node:os';
import type { TlsConfig } from '../config/config.ts';
import type { Log } from '../services/log.ts';
import { loadOrCreateAuthority } from '../storage/authority-file.ts';
import { Authority } from './authority.ts';
import { issuedBy, readFrom } from './certificates.ts';
import type { CertificateSource } from './certificates.ts';
import { ownNames } from './own-names.ts';

export interface RelayTls {
  readonly source: CertificateSource;
  /** What devices are to trust; null where the operator's certificate is used. */
  readonly authority: { readonly der: Uint8Array; readonly fingerprint: string } | null;
}

export interface TlsSurroundings {
  /** Names that clients use besides this machine's. */
  readonly allowedHosts: readonly string[];
  readonly wallTime: () => number;
  readonly log: Log;
}

/** Makes the authority where there is none yet. Throws `IO`, `NO_SPACE`, `CORRUPT`. */
export async function prepareTls(
  { certificate }: TlsConfig,
  { allowedHosts, wallTime, log }: TlsSurroundings,
): Promise<RelayTls> {
  if ('certFile' in certificate)
    return { source: readFrom(certificate.certFile, certificate.keyFile), authority: null };
  const make = (): string => Authority.create(hostname(), wallTime()).pem;
  const authority = Authority.load(await loadOrCreateAuthority(certificate.authorityFolder, make));
  const { der, fingerprint, notAfterMs } = authority;
  if (notAfterMs < wallTime())
    log.warn(
      { ended: new Date(notAfterMs).toISOString() },
      'The certificate authority has ended: remove authority.pem to make a new one, which each device then has to trust anew',
    );
  return {
    source: issuedBy(authority, () => ownNames(allowedHosts), wallTime),
    authority: { der, fingerprint },
  };
}
