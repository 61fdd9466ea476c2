/** The catalog over the real records of the DHT, in one process. */
import { Catalog } from '../../../../relay/services/catalog/catalog.ts';
import { recordOrder } from '../../../../relay/services/dht/dht-node.ts';
import { REPLICAS } from '../../../../shared/limits.ts';
import { DhtSwarm } from '../dht/dht-rig.ts';
import type { DhtRelay } from '../dht/dht-rig.ts';

const signal = new AbortController().signal;

export class CatalogSwarm extends DhtSwarm {
  readonly #catalogs = new Map<DhtRelay, Catalog>();

  constructor(relays: number) {
    super();
    for (let i = 0; i < relays; i++) this.add(i);
    this.settle();
  }

  catalogOf(relay: DhtRelay): Catalog {
    const known = this.#catalogs.get(relay);
    if (known !== undefined) return known;
    const { records, stopping } = relay;
    const catalog = new Catalog({ records, clock: this.clock, stopped: stopping.signal });
    this.#catalogs.set(relay, catalog);
    return catalog;
  }

  /** What each live relay shows. */
  async shown(): Promise<string[][]> {
    const pages = [];
    for (const relay of this.live()) pages.push(await this.catalogOf(relay).page({}, signal));
    return pages.map(({ entries }) => entries.map(({ id }) => id));
  }

  kill(relays: readonly DhtRelay[]): void {
    for (const relay of relays) relay.alive = false;
    this.settle();
  }

  holdersOf(list: string): DhtRelay[] {
    const members = this.relays.map(({ view }) => view.self);
    return recordOrder(list, members)
      .slice(0, REPLICAS)
      .map((id) => this.get(id));
  }
}

/** The same ids on so many relays. */
export function everywhere(relays: number, ids: readonly string[]): string[][] {
  return Array.from({ length: relays }, () => [...ids]);
}
