/** The DHT of one relay, put together: lookups, records and their care. */
import type { IndexDatabase } from '../../storage/index-database.ts';
import type { Log } from '../log.ts';
import type { Clock } from '../ports.ts';
import { DhtNode } from './dht-node.ts';
import type { DhtNodeParts } from './dht-node.ts';
import { DhtRecords } from './dht-records.ts';
import { RecordHolders, answerRecords } from './record-holders.ts';
import { RecordStore } from './record-store.ts';
import type { Records } from './records.ts';
import { Rehome } from './rehome.ts';

export interface DhtParts extends DhtNodeParts {
  readonly database: IndexDatabase;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

export class Dht {
  readonly node: DhtNode;
  readonly records: Records;
  readonly #store: RecordStore;
  readonly #rehome: Rehome;

  constructor(parts: DhtParts) {
    const { members, rpc, router, clock, database } = parts;
    this.node = new DhtNode(parts);
    this.#store = new RecordStore(database);
    answerRecords(router, this.#store, (key) => this.node.mayKeep(key));
    const holders = new RecordHolders({ self: members.self.id, store: this.#store, rpc, clock });
    this.records = new DhtRecords({ node: this.node, holders });
    this.#rehome = new Rehome({ ...parts, node: this.node, store: this.#store, holders });
  }

  /** Looks after the records from now on, until the relay stops. */
  start(): void {
    this.#rehome.start();
  }

  /** For a relay that leaves. Throws `UNAVAILABLE` when some records have found no other relay. */
  handOver(signal: AbortSignal): Promise<void> {
    return this.#rehome.handOver(signal);
  }

  /** Rows of lists and atomic records kept here. */
  get recordCounts(): { readonly rows: number; readonly atomic: number } {
    return this.#store.counts;
  }
}
