/**
 * A certificate authority of one's own, for a network that no public one signs for, made on first use. It can vouch for servers at
 * private addresses and local names only (RFC 5280 §4.2.1.10), so that a stolen key opens no other site.
 */
import { X509Certificate, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { AppError } from '../../shared/errors.ts';
import { PERMITTED_NETWORKS, PERMITTED_SUFFIXES } from './permitted.ts';
import { authorityExtensions, distinguishedName, serverExtensions, signCertificate } from './x509.ts';

const DAY_MS = 86_400_000;
/** People install it by hand, on each phone. */
const AUTHORITY_DAYS = 3650;
/** Well below the 825 days that Apple's systems accept. */
const LEAF_DAYS = 60;
/** For devices whose clocks are behind. */
const BACKDATED_DAYS = 2;
/** RFC 5280's bound of 64 characters for a common name, less the words before it. */
const MAX_OWNER_CHARS = 48;

export interface Leaf {
  readonly keyPem: string;
  /** The leaf's, then the authority's. */
  readonly chainPem: string;
  /** Wall time, ms. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export class Authority {
  readonly #certificate: X509Certificate;
  readonly #privateKey: KeyObject;
  /** Encoded. */
  readonly #name: Buffer;

  private constructor(certificate: X509Certificate, privateKey: KeyObject, name: Buffer) {
    this.#certificate = certificate;
    this.#privateKey = privateKey;
    this.#name = name;
  }

  /** A fresh one; `owner`: a name that people recognise in their device's list. */
  static create(owner: string, nowMs: number): Authority {
    const { privateKey, publicKey } = generateKeys();
    const name = distinguishedName(`Lanvault on ${owner.slice(0, MAX_OWNER_CHARS)}`);
    const permitted = { names: PERMITTED_SUFFIXES, networks: PERMITTED_NETWORKS };
    const der = signCertificate(
      {
        issuer: name,
        subject: name,
        ...validity(nowMs, AUTHORITY_DAYS),
        publicKey,
        extensions: authorityExtensions(publicKey, permitted),
      },
      privateKey,
    );
    return new Authority(new X509Certificate(der), privateKey, name);
  }

  /** What `pem` gave. Throws `CORRUPT` for what is no key and the certificate of an authority that was made here. */
  static load(pem: string): Authority {
    try {
      const certificate = new X509Certificate(pem);
      const privateKey = createPrivateKey(pem);
      const name = nameOf(certificate);
      if (name !== null && certificate.ca && certificate.checkPrivateKey(privateKey))
        return new Authority(certificate, privateKey, name);
    } catch (cause) {
      throw damaged(cause);
    }
    throw damaged();
  }

  /** What is kept on disk: its key as PKCS #8, then its certificate. */
  get pem(): string {
    return exportKey(this.#privateKey) + this.#certificate.toString();
  }

  /** Of the certificate, in DER: what devices are given to trust. */
  get der(): Uint8Array {
    return this.#certificate.raw;
  }

  /** SHA-256 of the certificate as devices show it: uppercase hex pairs with colons. */
  get fingerprint(): string {
    return this.#certificate.fingerprint256;
  }

  /** Wall time, ms. */
  get notAfterMs(): number {
    return this.#certificate.validToDate.getTime();
  }

  /** A certificate with a key of its own for a server of these names and addresses, at least one. */
  issue(names: readonly string[], nowMs: number): Leaf {
    const { privateKey, publicKey } = generateKeys();
    const { notBeforeMs, notAfterMs } = validity(nowMs, LEAF_DAYS);
    const der = signCertificate(
      {
        issuer: this.#name,
        subject: distinguishedName('Lanvault relay'),
        notBeforeMs,
        notAfterMs,
        publicKey,
        extensions: serverExtensions(names, this.#certificate.publicKey),
      },
      this.#privateKey,
    );
    const chainPem = new X509Certificate(der).toString() + this.#certificate.toString();
    return { keyPem: exportKey(privateKey), chainPem, notBeforeMs, notAfterMs };
  }
}

/** Encoded; null for one that was not made here. */
function nameOf(certificate: X509Certificate): Buffer | null {
  const { CN } = certificate.toLegacyObject().subject;
  if (typeof CN !== 'string') return null;
  const name = distinguishedName(CN);
  return certificate.raw.includes(name) ? name : null;
}

function damaged(cause?: unknown): AppError {
  return new AppError(
    'CORRUPT',
    'authority.pem is damaged. Restore it from a backup, or remove it to make a new authority, which each device then has to trust anew.',
    { cause },
  );
}

function generateKeys(): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function exportKey(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** In whole seconds, as certificates have it. */
function validity(nowMs: number, days: number): { notBeforeMs: number; notAfterMs: number } {
  const nowWholeMs = Math.floor(nowMs / 1000) * 1000;
  return {
    notBeforeMs: nowWholeMs - BACKDATED_DAYS * DAY_MS,
    notAfterMs: nowWholeMs + days * DAY_MS,
  };
}
