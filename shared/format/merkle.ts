/** The Merkle tree of RFC 6962 §2.1 over raw 32-byte chunk ids: leaf = H(0x00 ‖ id), node = H(0x01 ‖ left ‖ right). */
import { concatBytes, toHex } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import { sha256Sync } from '../crypto/hash.ts';
import { AppError } from '../errors.ts';

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);
const LEAF_BYTES = 32;

/** Computes the root from leaves in order, keeping one hash per level: 20 at most. */
export class MerkleBuilder {
  /** Roots of perfect subtrees, largest first; their sizes are the set bits of `#count`. */
  readonly #subtrees: Bytes[] = [];
  #count = 0;

  /** Throws `BAD_INPUT` unless the id is 32 bytes. */
  add(idBytes: Uint8Array): void {
    if (idBytes.length !== LEAF_BYTES)
      throw new AppError('BAD_INPUT', 'A leaf is the 32 bytes of a chunk id.');
    let hash = sha256Sync(concatBytes(LEAF, idBytes));
    for (let bits = this.#count; (bits & 1) === 1; bits >>>= 1) {
      hash = joined(this.#subtrees.pop() ?? hash, hash);
    }
    this.#subtrees.push(hash);
    this.#count++;
  }

  /** The root over the leaves so far, lowercase hex; of none, SHA-256 of nothing. More leaves may follow. */
  root(): string {
    // RFC 6962 splits at the largest power of two below the count: the subtrees join from the right.
    const root = this.#subtrees.reduceRight<Bytes | null>(
      (right, left) => (right === null ? left : joined(left, right)),
      null,
    );
    return toHex(root ?? sha256Sync(new Uint8Array()));
  }
}

function joined(left: Uint8Array, right: Uint8Array): Bytes {
  return sha256Sync(concatBytes(NODE, left, right));
}
