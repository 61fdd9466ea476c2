/**
 * Digests of ranges of a set's ids, so that two relays find out where they differ by a few hashes. A range is all ids that begin
 * with a prefix. Few ids (`GOSSIP_LEAF_IDS`): SHA-256(0x00 ‖ the ids in order). More: SHA-256(0x01 ‖ the digests of the 16
 * ranges with one digit more). Hashes of hashes, not sums: nobody can choose ids whose differences cancel out.
 */
import { createHash } from 'node:crypto';
import { GOSSIP_LEAF_IDS, MAX_CACHED_DIGESTS, MAX_GOSSIP_PREFIX } from '../../../shared/limits.ts';
import type { GossipSet } from './gossip-set.ts';

export const HEX_DIGITS = '0123456789abcdef'.split('');
/** Ranges this narrow are digested in one go: of 10⁶ ids they have about 4,000. */
const NARROW = 2;

export class SetDigests {
  readonly #set: Pick<GossipSet, 'page' | 'onChange'>;
  readonly #cache = new Map<string, string>();
  /** Digests that were not in the cache, ever. */
  #computed = 0;

  constructor(set: Pick<GossipSet, 'page' | 'onChange'>) {
    this.#set = set;
    set.onChange((id) => this.#forget(id));
  }

  get computed(): number {
    return this.#computed;
  }

  /** The ids of a range if they are few enough to be told; null: there are more. */
  leaf(prefix: string): readonly string[] | null {
    const ids = this.#set.page(prefix, '', GOSSIP_LEAF_IDS + 1);
    // So long a prefix is shared by chance by nobody: what an attacker ground is told as far as it goes.
    if (prefix.length >= MAX_GOSSIP_PREFIX) return ids.slice(0, GOSSIP_LEAF_IDS);
    return ids.length <= GOSSIP_LEAF_IDS ? ids : null;
  }

  /** Lets other work have its turn while it goes through a large set. */
  async digest(prefix: string): Promise<string> {
    if (prefix.length >= NARROW) return this.#narrow(prefix);
    const ids = this.leaf(prefix);
    return ids === null ? inner(await this.parts(prefix)) : leafDigest(ids);
  }

  /** Of the 16 ranges with one digit more. */
  async parts(prefix: string): Promise<string[]> {
    const parts = [];
    for (const digit of HEX_DIGITS) {
      const before = this.#computed;
      parts.push(await this.digest(prefix + digit));
      if (this.#computed > before) await new Promise(setImmediate);
    }
    return parts;
  }

  #narrow(prefix: string): string {
    const known = this.#cache.get(prefix);
    if (known !== undefined) return known;
    this.#computed++;
    const ids = this.leaf(prefix);
    const digest =
      ids === null ? inner(HEX_DIGITS.map((digit) => this.#narrow(prefix + digit))) : leafDigest(ids);
    if (this.#cache.size < MAX_CACHED_DIGESTS) this.#cache.set(prefix, digest);
    return digest;
  }

  #forget(id: string | null): void {
    if (id === null) this.#cache.clear();
    else
      for (let length = NARROW; length <= MAX_GOSSIP_PREFIX; length++)
        this.#cache.delete(id.slice(0, length));
  }
}

function leafDigest(ids: readonly string[]): string {
  const hash = createHash('sha256').update(Uint8Array.of(0));
  for (const id of ids) hash.update(id, 'hex');
  return hash.digest('hex');
}

function inner(parts: readonly string[]): string {
  const hash = createHash('sha256').update(Uint8Array.of(1));
  for (const part of parts) hash.update(part, 'hex');
  return hash.digest('hex');
}
