/**
 * How long this relay was away: between two processes by the wall clock, the only one that outlives them. It decides what is doubted, never what
 * is deleted.
 */
import { TOMBSTONE_KEPT_MS } from '../../../shared/limits.ts';
import type { DoubtfulTable } from '../../storage/doubtful-table.ts';
import type { MetaTable } from '../../storage/meta-table.ts';

const LAST_ALIVE = 'last_alive';

export class Absence {
  readonly #meta: Pick<MetaTable, 'get' | 'set'>;
  readonly #doubtful: Pick<DoubtfulTable, 'markAll'>;
  /** `uptimeMs` when this process noted that it lives. */
  #notedAtMs: number | null = null;

  constructor(meta: Pick<MetaTable, 'get' | 'set'>, doubtful: Pick<DoubtfulTable, 'markAll'>) {
    this.#meta = meta;
    this.#doubtful = doubtful;
  }

  /**
   * Whoever was away, or slept, for too long doubts all it holds. Call it now and then. `now`: Unix time, ms; `uptimeMs`: monotonic, and
   * goes on in sleep. Throws `IO`, `NO_SPACE`.
   */
  note(now: number, uptimeMs: number): void {
    const lastAlive = Number(this.#meta.get(LAST_ALIVE) ?? now);
    // A machine without a battery starts in 1970: that must not look like half a century of absence when its clock is set.
    if (now < lastAlive && this.#notedAtMs === null) return;
    // A running relay knows how long it slept, whatever its clock was set to meanwhile.
    const awayMs = this.#notedAtMs === null ? now - lastAlive : uptimeMs - this.#notedAtMs;
    if (awayMs > TOMBSTONE_KEPT_MS) this.#doubtful.markAll();
    this.#meta.set(LAST_ALIVE, String(now));
    this.#notedAtMs = uptimeMs;
  }
}
