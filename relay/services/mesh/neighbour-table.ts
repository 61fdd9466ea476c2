/** Who the neighbours are, and who gives way. Pure: time and chance come in as arguments. */
import type { RelayId } from '../../../shared/ids.ts';
import { MAX_MESH_GUESTS, MESH_MAX_NEIGHBOURS, MESH_MIN_NEIGHBOURS } from '../../../shared/limits.ts';
import type { RingPlace } from './ring.ts';

export interface Neighbour {
  /** This relay asked for it, and asks again from time to time: the other end counts on that. */
  mine: boolean;
  /** When either end last said that it stands; monotonic, ms. */
  confirmedAt: number;
}

/**
 * A relay's neighbours are those beside it on the ring, which make the mesh connected; one of its own choice, which keeps those
 * who make up ids from surrounding it; and up to two guests, who chose it. That makes four on average, so that whoever has
 * too few finds room somewhere.
 */
export class NeighbourTable {
  readonly #neighbours = new Map<RelayId, Neighbour>();

  get size(): number {
    return this.#neighbours.size;
  }

  ids(): RelayId[] {
    return [...this.#neighbours.keys()];
  }

  entries(): Iterable<[RelayId, Neighbour]> {
    return this.#neighbours.entries();
  }

  has(id: RelayId): boolean {
    return this.#neighbours.has(id);
  }

  /** Adds or confirms. Gives whether it is new. */
  add(id: RelayId, mine: boolean, now: number): boolean {
    const known = this.#neighbours.get(id);
    if (known !== undefined) {
      known.mine ||= mine;
      known.confirmedAt = now;
      return false;
    }
    this.#neighbours.set(id, { mine, confirmedAt: now });
    return true;
  }

  remove(id: RelayId): boolean {
    return this.#neighbours.delete(id);
  }

  /** Whether another neighbour of this relay's own choice is wanted. */
  wantsMore(ring: RingPlace): boolean {
    if (this.size < MESH_MIN_NEIGHBOURS) return true;
    return this.size < MESH_MAX_NEIGHBOURS && this.#chosen(ring).length === 0;
  }

  /** Whether there is room for `id`, which asks. Those beside this relay on the ring always find it: another gives way. */
  hasRoomFor(id: RelayId, ring: RingPlace, needy: boolean): boolean {
    if (isBeside(id, ring)) return true;
    return this.size < MESH_MAX_NEIGHBOURS && (needy || this.#guests(ring).length < MAX_MESH_GUESTS);
  }

  /** One more than fits, or more of this relay's own choice than it needs: who gives way. `random` is in [0, 1). */
  excess(ring: RingPlace, random: number): RelayId | undefined {
    const chosen = this.#chosen(ring);
    const surplus = chosen.length > 1 ? chosen : this.#guests(ring);
    if (this.size > MESH_MAX_NEIGHBOURS) return pick(surplus.length > 0 ? surplus : chosen, random);
    return chosen.length > 1 && this.size > MESH_MIN_NEIGHBOURS ? pick(chosen, random) : undefined;
  }

  #chosen(ring: RingPlace): RelayId[] {
    return this.#apart(ring, true);
  }

  #guests(ring: RingPlace): RelayId[] {
    return this.#apart(ring, false);
  }

  #apart(ring: RingPlace, mine: boolean): RelayId[] {
    const apart = [];
    for (const [id, neighbour] of this.#neighbours) {
      if (neighbour.mine === mine && !isBeside(id, ring)) apart.push(id);
    }
    return apart;
  }
}

export function isBeside(id: RelayId, { successor, predecessor }: RingPlace): boolean {
  return id === successor || id === predecessor;
}

export function pick<T>(from: readonly T[], random: number): T | undefined {
  return from[Math.floor(random * from.length)];
}
