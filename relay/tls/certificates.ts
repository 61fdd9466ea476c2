/** The certificate that a relay shows: issued by its own authority and renewed in time, or given by its operator. */
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { AppError } from '../../shared/errors.ts';
import { CERTIFICATE_LOOK_MS, CERTIFICATE_RENEWAL_MS } from '../../shared/limits.ts';
import type { Clock } from '../services/ports.ts';
import type { Authority, Leaf } from './authority.ts';

export interface KeyAndChain {
  /** PEM. */
  readonly key: string;
  /** PEM, the server's first. */
  readonly cert: string;
}

export interface CertificateSource {
  /** What to show now; null: what was given last still stands. Throws `IO`, `CORRUPT`. */
  next(): Promise<KeyAndChain | null>;
}

/** A leaf for the names that this machine has now, and a new one when these change or it nears its end. */
export function issuedBy(
  authority: Authority,
  names: () => readonly string[],
  wallTime: () => number,
): CertificateSource {
  let current: (Leaf & { readonly names: string }) | null = null;
  return {
    next() {
      const all = names();
      const nowMs = wallTime();
      if (current?.names === all.join() && isFresh(current, nowMs)) return Promise.resolve(null);
      current = { names: all.join(), ...authority.issue(all, nowMs) };
      return Promise.resolve({ key: current.keyPem, cert: current.chainPem });
    },
  };
}

/** One from the future counts as stale: the relay's clock was ahead when it was issued. */
function isFresh({ notBeforeMs, notAfterMs }: Leaf, nowMs: number): boolean {
  return notBeforeMs <= nowMs && notAfterMs - nowMs > CERTIFICATE_RENEWAL_MS;
}

/** The operator's files, read again when what is in them has changed: whoever renews them need not restart the relay. */
export function readFrom(certFile: string, keyFile: string): CertificateSource {
  let current = '';
  return {
    async next() {
      const [cert, key] = await Promise.all([readPem(certFile), readPem(keyFile)]);
      if (cert + key === current) return null;
      try {
        createSecureContext({ cert, key });
      } catch (cause) {
        throw new AppError(
          'CORRUPT',
          `${certFile} and ${keyFile} are not a certificate in PEM and its key.`,
          {
            cause,
          },
        );
      }
      current = cert + key;
      return { key, cert };
    },
  };
}

/** Looks now and then until the signal fires; a source that fails leaves what is shown, and `failed` hears of it. */
export function keepCurrent(
  source: CertificateSource,
  show: (certificate: KeyAndChain) => void,
  {
    clock,
    failed,
    signal,
  }: {
    readonly clock: Pick<Clock, 'every'>;
    readonly failed: (error: AppError) => void;
    readonly signal: AbortSignal;
  },
): void {
  let looking = false;
  const look = async (): Promise<void> => {
    if (looking) return;
    looking = true;
    try {
      const certificate = await source.next();
      if (certificate !== null && !signal.aborted) show(certificate);
    } catch (cause) {
      failed(AppError.from(cause));
    } finally {
      looking = false;
    }
  };
  clock.every(CERTIFICATE_LOOK_MS, () => void look(), signal);
}

async function readPem(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new AppError('IO', `${file} cannot be read.`, { cause });
  }
}
