/**
 * Weighted rendezvous hashing in integers, so that every implementation in every language orders alike.
 *
 * Each candidate draws from the key an exponential variate with its weight as the rate; the smallest comes first,
 * so that a candidate leads with a probability proportional to its weight, and one that leaves moves only what it led
 * (Thaler and Ravishankar 1998; weights by Schindelhauer and Schomaker 2005). The draw is -log2 of a hash read as a
 * fraction, in units of 2⁻²⁴.
 */
import { concatBytes, fromHex, utf8 } from '../bytes.ts';
import { sha256Sync } from '../crypto/hash.ts';
import { MAX_CAPACITY_RATIO } from '../limits.ts';
import type { ChunkId, RelayId } from '../ids.ts';
import type { Member } from './member.ts';

const DOMAIN = utf8('lanvault/1 placement\0');
const MANTISSA_BITS = 26;
const FRACTION_BITS = 24;

export interface Draw {
  /** SHA-256(`lanvault/1 placement` ‖ 0x00 ‖ key ‖ relay id). */
  readonly hash: Uint8Array;
  /** -log2(hash / 2²⁵⁶) in units of 2⁻²⁴, rounded as `negativeLog2` says. */
  readonly cost: number;
}

export function draw(key: ChunkId, relay: RelayId): Draw {
  const hash = sha256Sync(concatBytes(DOMAIN, fromHex(key), fromHex(relay)));
  return { hash, cost: negativeLog2(hash) };
}

/**
 * -log2 of a big-endian fraction in units of 2⁻²⁴, by integers alone. n = leading zero bits; m = the 26 bits from the
 * first one-bit on (zeros past the end). 24 times: L = 2L; m = m²; if m ≥ 2⁵¹ then L = L + 1 and m = ⌊m / 2²⁶⌋, else
 * m = ⌊m / 2²⁵⌋. The result is (n + 1) · 2²⁴ − L. All values stay below 2⁵², so doubles hold them exactly.
 */
export function negativeLog2(hash: Uint8Array): number {
  const { zeros, mantissa } = leadingBits(hash);
  let m = mantissa;
  let log = 0;
  for (let bit = 0; bit < FRACTION_BITS; bit++) {
    m *= m;
    const carry = m >= 2 ** (2 * MANTISSA_BITS - 1);
    log = log * 2 + (carry ? 1 : 0);
    m = Math.floor(m / 2 ** (carry ? MANTISSA_BITS : MANTISSA_BITS - 1));
  }
  return (zeros + 1) * 2 ** FRACTION_BITS - log;
}

function leadingBits(hash: Uint8Array): { zeros: number; mantissa: number } {
  const byte = hash.findIndex((value) => value !== 0);
  // An all-zero hash: nobody will ever see one, but a function is total.
  if (byte === -1) return { zeros: hash.length * 8, mantissa: 2 ** (MANTISSA_BITS - 1) };
  const shift = Math.clz32(hash[byte] ?? 0) - 24;
  // Five bytes are 40 bits: at most 7 zeros, 26 bits of mantissa, and 7 that fall off the end.
  let window = 0;
  for (let i = 0; i < 5; i++) window = window * 256 + (hash[byte + i] ?? 0);
  return { zeros: byte * 8 + shift, mantissa: Math.floor(window / 2 ** (40 - MANTISSA_BITS - shift)) };
}

/**
 * What each member's declared capacity counts as: ⌊log2(capacity)⌋, at most log2(`MAX_CAPACITY_RATIO`) above the lower
 * median of the given members. Weights are 2 to that power. Capacities are positive.
 */
export function weightExponents(members: readonly Member[]): number[] {
  const exponents = members.map(({ capacity }) => Math.floor(capacity).toString(2).length - 1);
  const median = exponents.toSorted((a, b) => a - b)[(exponents.length - 1) >> 1] ?? 0;
  const ceiling = median + Math.log2(MAX_CAPACITY_RATIO);
  return exponents.map((exponent) => Math.min(exponent, ceiling));
}

/** Members by cost / weight, smallest first; among equals the greater hash, which is the smaller exact logarithm. */
export function byRendezvous(key: ChunkId, members: readonly Member[]): Member[] {
  const exponents = weightExponents(members);
  return members
    .map((member, i) => {
      const { hash, cost } = draw(key, member.id);
      // Dividing by a power of two is exact.
      return { member, hash, score: cost / 2 ** (exponents[i] ?? 0) };
    })
    .sort((a, b) => a.score - b.score || compareBytes(b.hash, a.hash))
    .map(({ member }) => member);
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
