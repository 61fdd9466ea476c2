/**
 * How long this relay was away, by the wall clock: the only one that outlives a process. It decides what is doubted, never what
 * is deleted.
 */
import { TOMBSTONE_KEPT_MS } from '../../../shared/limits.ts';
import type { DoubtfulTable } from '../../storage/doubtful-table.ts';
import type { MetaTable } from '../../storage/meta-table.ts';

const LAST_ALIVE = 'last_alive';

/** Whoever was away, or slept, for too long doubts all it holds. Call it before `noteAlive`. `now`: Unix time, ms. */
export function doubtAfterAbsence(
  meta: Pick<MetaTable, 'get'>,
  doubtful: Pick<DoubtfulTable, 'markAll'>,
  now: number,
): void {
  const lastAlive = Number(meta.get(LAST_ALIVE) ?? now);
  if (now - lastAlive > TOMBSTONE_KEPT_MS) doubtful.markAll();
}

/** Call it now and then. */
export function noteAlive(meta: Pick<MetaTable, 'set'>, now: number): void {
  meta.set(LAST_ALIVE, String(now));
}
