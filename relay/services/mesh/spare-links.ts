/** Links besides the mesh, so that a neighbour that dies is replaced without a dial, and news has other ways to travel. */
import type { RelayId } from '../../../shared/ids.ts';
import { MAX_SPARE_DIALS, MIN_OPEN_LINKS } from '../../../shared/limits.ts';
import type { LinkKeeper } from './link-keeper.ts';
import { pick } from './neighbour-table.ts';

export class SpareLinks {
  readonly #links: LinkKeeper;
  readonly #random: () => number;
  readonly #spares = new Set<RelayId>();
  readonly #opening = new Set<RelayId>();

  constructor(links: LinkKeeper, random: () => number) {
    this.#links = links;
    this.#random = random;
  }

  /** Keeps the neighbours' links and some more. Opens a few if there are too few; it does not wait for them. */
  tend(neighbours: readonly RelayId[], reachable: readonly RelayId[], signal: AbortSignal): void {
    const linked = new Set(this.#links.linked());
    for (const id of this.#spares) {
      if (!linked.has(id) || neighbours.includes(id)) this.#spares.delete(id);
    }
    const wanted = Math.max(0, MIN_OPEN_LINKS - neighbours.length);
    for (const id of this.#spares) {
      if (this.#spares.size > wanted) this.#spares.delete(id);
    }
    const others = [...linked].filter((id) => !neighbours.includes(id) && !this.#spares.has(id));
    while (this.#spares.size < wanted && others.length > 0) this.#spares.add(this.#takeFrom(others));
    this.#links.keep([...neighbours, ...this.#spares]);
    const closed = reachable.filter((id) => !linked.has(id) && !this.#opening.has(id));
    let missing = MIN_OPEN_LINKS - linked.size - this.#opening.size;
    while (missing-- > 0 && closed.length > 0 && this.#opening.size < MAX_SPARE_DIALS) {
      void this.#open(this.#takeFrom(closed), signal);
    }
  }

  async #open(id: RelayId, signal: AbortSignal): Promise<void> {
    this.#opening.add(id);
    // One that cannot be opened is left to the next turn, which may choose another.
    await this.#links.open(id, signal).catch(() => undefined);
    this.#opening.delete(id);
  }

  #takeFrom(ids: RelayId[]): RelayId {
    const id = pick(ids, this.#random());
    if (id === undefined) throw new Error('Nothing to choose from.');
    ids.splice(ids.indexOf(id), 1);
    return id;
  }
}
