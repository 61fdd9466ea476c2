import type { RelayId } from '../../shared/ids.ts';
import type { LinkKeeper } from '../services/mesh/link-keeper.ts';
import type { LinkPool } from './link-pool.ts';

type LostListener = (id: RelayId) => void;

/** The links of a pool, as services see them. */
export class PoolKeeper implements LinkKeeper {
  readonly #pool: LinkPool;
  readonly #listeners = new Set<LostListener>();
  #kept: ReadonlySet<RelayId> = new Set();

  constructor(pool: LinkPool) {
    this.#pool = pool;
  }

  linked(): RelayId[] {
    return this.#pool.ids();
  }

  async open(id: RelayId, signal: AbortSignal): Promise<void> {
    await this.#pool.get(id, signal);
  }

  keep(ids: Iterable<RelayId>): void {
    this.#kept = new Set(ids);
  }

  onLost(listener: LostListener, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
  }

  keeps(id: RelayId): boolean {
    return this.#kept.has(id);
  }

  lost(id: RelayId): void {
    for (const listener of [...this.#listeners]) listener(id);
  }
}
