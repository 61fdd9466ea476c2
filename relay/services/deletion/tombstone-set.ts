/** Tombstones as gossip. An item bears how long it has been kept, so that what all forget after a time is not given back for ever. */
import Type from 'typebox';
import type { ChunkId, RelayId } from '../../../shared/ids.ts';
import { SafeInteger, parseWith } from '../../../shared/protocol/schemas.ts';
import { Tombstone } from '../../../shared/protocol/tombstone.ts';
import type { TombstoneTable } from '../../storage/tombstone-table.ts';
import type { GossipSet } from '../gossip/gossip-set.ts';
import type { Clock } from '../ports.ts';
import { newIn } from './deletions.ts';
import type { Deletions } from './deletions.ts';

const Item = Type.Object({ ...Tombstone.properties, age_ms: SafeInteger });

export class TombstoneSet implements GossipSet {
  readonly name = 'tombstones';
  readonly #table: TombstoneTable;
  readonly #deletions: Deletions;
  readonly #clock: Pick<Clock, 'wallTime'>;

  constructor(table: TombstoneTable, deletions: Deletions, clock: Pick<Clock, 'wallTime'>) {
    this.#table = table;
    this.#deletions = deletions;
    this.#clock = clock;
  }

  wants(id: string, from: RelayId): boolean {
    return this.#deletions.wants(id as ChunkId, from);
  }

  get(id: string): object | null {
    const kept = this.#table.get(id as ChunkId);
    if (kept === null) return null;
    const { body_hash, token, received_at } = kept;
    return { body_hash, token, age_ms: Math.max(0, this.#clock.wallTime() - received_at) };
  }

  page(prefix: string, after: string, limit: number): readonly string[] {
    return this.#table.page(prefix, after, limit);
  }

  async add(items: readonly unknown[], from: RelayId): Promise<readonly string[]> {
    const parsed = items.map((item) => parseWith(Item, item, 'A tombstone'));
    return newIn(await this.#deletions.apply(parsed, from, (index) => parsed[index]?.age_ms ?? 0));
  }

  onChange(listener: (id: string | null) => void): void {
    this.#table.onChange(listener);
  }
}
