/** Ed25519 signatures (RFC 8032), by WebCrypto where it knows the curve, else `@noble/curves`. */
import { concatBytes, fromHex, toHex } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import { AppError } from '../errors.ts';
import { defaultBackend, unshared } from './backend.ts';
import type { Backend } from './backend.ts';

const SEED_BYTES = 32;
const PUBLIC_KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** The curve's code in JavaScript, 13 KB compressed: most browsers only need it to make keys. */
const loadCurve = () => import('@noble/curves/ed25519.js');

/** PKCS#8 (RFC 8410 §7) around a 32-byte seed: the only private form that all WebCrypto implementations import. */
const PKCS8_PREFIX = fromHex('302e020100300506032b657004220420');

export interface Signer {
  /** 32 bytes. */
  readonly publicKey: Bytes;
  /** 64 bytes; the same for the same message. */
  sign(message: Uint8Array): Promise<Bytes>;
}

/** Throws `BAD_INPUT` unless the seed is 32 bytes. */
export async function createSigner(seed: Bytes, backend: Backend = defaultBackend()): Promise<Signer> {
  if (seed.length !== SEED_BYTES) throw new AppError('BAD_INPUT', `A signing seed is ${SEED_BYTES} bytes.`);
  const ownSeed = seed.slice();
  const { ed25519 } = await loadCurve();
  const publicKey = ed25519.getPublicKey(ownSeed);
  if (backend === 'noble' || !(await hasWebCryptoEd25519())) {
    return { publicKey, sign: (message) => Promise.resolve(ed25519.sign(message, ownSeed)) };
  }
  const key = await crypto.subtle.importKey('pkcs8', concatBytes(PKCS8_PREFIX, ownSeed), 'Ed25519', false, [
    'sign',
  ]);
  return {
    publicKey,
    sign: async (message) => new Uint8Array(await crypto.subtle.sign('Ed25519', key, unshared(message))),
  };
}

/**
 * Whether the signature is `publicKey`'s over `message`. Malformed keys and signatures are false, never an error, and so
 * are keys of small order, for which anyone can sign.
 */
export async function verifySignature(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  backend: Backend = defaultBackend(),
): Promise<boolean> {
  if (publicKey.length !== PUBLIC_KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
  if (isWeakKey(publicKey)) return false;
  if (backend === 'noble' || !(await hasWebCryptoEd25519())) {
    const { ed25519 } = await loadCurve();
    // RFC 8032 as WebCrypto has it, not the laxer ZIP 215 that noble takes by default.
    return ed25519.verify(signature, message, publicKey, { zip215: false });
  }
  const key = await importPublicKey(publicKey);
  if (key === null) return false;
  return crypto.subtle.verify('Ed25519', key, unshared(signature), unshared(message));
}

/** The eight points of small order (https://eprint.iacr.org/2020/1244, table 6a); two of them also with the sign that they cannot have. */
const SMALL_ORDER: ReadonlySet<string> = new Set([
  '00'.repeat(32),
  `${'00'.repeat(31)}80`,
  `01${'00'.repeat(31)}`,
  `01${'00'.repeat(30)}80`,
  `ec${'ff'.repeat(30)}7f`,
  `ec${'ff'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
]);

/**
 * Keys that RFC 8032 §5.1.3 refuses (not reduced) or that the W3C's Secure Curves draft does (small order). Chromium 156
 * takes both, Node does not: here they are all the same.
 */
function isWeakKey(publicKey: Uint8Array): boolean {
  const hex = toHex(publicKey);
  // y of p = 2²⁵⁵ − 19 or more, little-endian, below the sign bit.
  const unreduced = /^(?:e[d-f]|f.)(?:ff){30}[7f]f$/.test(hex);
  return unreduced || SMALL_ORDER.has(hex);
}

async function importPublicKey(publicKey: Uint8Array): Promise<CryptoKey | null> {
  try {
    return await crypto.subtle.importKey('raw', unshared(publicKey), 'Ed25519', false, ['verify']);
  } catch (cause) {
    // Some implementations refuse 32 bytes that are no point on the curve here, others in verify.
    if (cause instanceof DOMException && cause.name === 'DataError') return null;
    throw AppError.from(cause);
  }
}

/** RFC 8032 §5.1. */
const BASE_POINT = fromHex(`58${'66'.repeat(31)}`);

let ed25519Support: Promise<boolean> | undefined;

/** Chromium has had the curve since 137, Firefox 129, Safari 17; asked once. */
function hasWebCryptoEd25519(): Promise<boolean> {
  ed25519Support ??= probeEd25519();
  return ed25519Support;
}

async function probeEd25519(): Promise<boolean> {
  try {
    await crypto.subtle.importKey('raw', BASE_POINT, 'Ed25519', false, ['verify']);
    return true;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'NotSupportedError') return false;
    throw AppError.from(cause);
  }
}
