/**
 * How long this relay was away, by the wall clock: the only one that outlives a process. It decides what is doubted, never what
 * is deleted.
 */
import { TOMBSTONE_KEPT_MS } from '../../../shared/limits.ts';
import type { DoubtfulTable } from '../../storage/doubtful-table.ts';
import type { MetaTable } from '../../storage/meta-table.ts';

const LAST_ALIVE = 'last_alive';

export class Absence {
  readonly #meta: Pick<MetaTable, 'get' | 'set'>;
  readonly #doubtful: Pick<DoubtfulTable, 'markAll'>;
  /** Whether what is noted is this process's own. */
  #noted = false;

  constructor(meta: Pick<MetaTable, 'get' | 'set'>, doubtful: Pick<DoubtfulTable, 'markAll'>) {
    this.#meta = meta;
    this.#doubtful = doubtful;
  }

  /** Whoever was away, or slept, for too long doubts all it holds. Call it now and then. `now`: Unix time, ms. Throws `IO`, `NO_SPACE`. */
  note(now: number): void {
    const lastAlive = Number(this.#meta.get(LAST_ALIVE) ?? now);
    // A machine without a battery starts in 1970: that must not look like half a century of absence when its clock is set.
    if (now < lastAlive && !this.#noted) return;
    if (now - lastAlive > TOMBSTONE_KEPT_MS) this.#doubtful.markAll();
    this.#meta.set(LAST_ALIVE, String(now));
    this.#noted = true;
  }
}
