import { throwIfAborted } from '../../../shared/errors.ts';
import type { CheckParts } from './check-files.ts';
import { isProof } from './index-view.ts';

/** Each deletion against its proof. */
export async function checkTombstones(
  { view, findings, index }: CheckParts,
  signal: AbortSignal,
): Promise<void> {
  const forget = index?.database.query('DELETE FROM tombstones WHERE id = ?');
  for (const tombstone of view.tombstones()) {
    throwIfAborted(signal);
    if (isProof(tombstone)) continue;
    await findings.add('tombstone-invalid', tombstone.id, () => void forget?.run(tombstone.id));
  }
}

/** The sums that the index keeps against its rows. */
export async function checkTotals({ view, findings, index }: CheckParts): Promise<void> {
  if (view.areTotalsRight()) return;
  await findings.add('totals-wrong', null, () => {
    index?.database
      .query(
        `UPDATE totals SET chunks = (SELECT COUNT(*) FROM chunks), bytes = (SELECT COALESCE(SUM(size), 0) FROM chunks)`,
      )
      .run();
  });
}
