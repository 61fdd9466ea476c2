/**
 * The relays that lookups start from and are answered with: k for each length of prefix shared with this relay's id, so many
 * near it and few far away (Kademlia §2.4). Holds proven relays only; those there first stay.
 */
import type { RelayId } from '../../../shared/ids.ts';
import { DHT_BUCKET } from '../../../shared/limits.ts';
import { byDistanceTo, sharedBits } from './distance.ts';

export class RoutingTable {
  readonly #self: RelayId;
  readonly #bucketSize: number;
  /** By the number of leading bits shared with `#self`. */
  readonly #buckets = new Map<number, Set<RelayId>>();

  constructor(self: RelayId, bucketSize = DHT_BUCKET) {
    this.#self = self;
    this.#bucketSize = bucketSize;
  }

  get size(): number {
    let size = 0;
    for (const bucket of this.#buckets.values()) size += bucket.size;
    return size;
  }

  has(id: RelayId): boolean {
    return id !== this.#self && this.#buckets.get(sharedBits(this.#self, id))?.has(id) === true;
  }

  /** False when the bucket is full, or `id` is this relay. */
  add(id: RelayId): boolean {
    if (id === this.#self) return false;
    const prefix = sharedBits(this.#self, id);
    const bucket = this.#buckets.get(prefix) ?? new Set<RelayId>();
    if (bucket.has(id)) return true;
    if (bucket.size >= this.#bucketSize) return false;
    this.#buckets.set(prefix, bucket.add(id));
    return true;
  }

  /** Takes one of `spares` for a relay that is gone. */
  replace(id: RelayId, spares: Iterable<RelayId>): void {
    if (id === this.#self) return;
    const prefix = sharedBits(this.#self, id);
    if (this.#buckets.get(prefix)?.delete(id) !== true) return;
    for (const spare of spares) {
      if (spare === id || spare === this.#self || sharedBits(this.#self, spare) !== prefix) continue;
      if (!this.add(spare)) return;
    }
  }

  /** At most `count` relays, nearest to `target` first. */
  closest(target: string, count = DHT_BUCKET): RelayId[] {
    const all = Array.from(this.#buckets.values(), (bucket) => [...bucket]).flat();
    return byDistanceTo(target, (id) => id, all).slice(0, count);
  }
}
