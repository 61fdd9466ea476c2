import type { Transfer } from '../../../../../web/engine/contract.ts';
import type { UploadQueue } from '../../../../../web/engine/uploads/upload-queue.ts';

/** Resolves with the first list that is as wanted. */
export function until(
  queue: UploadQueue,
  what: (transfers: readonly Transfer[]) => boolean,
): Promise<readonly Transfer[]> {
  return new Promise((resolve) => {
    const stop = queue.watch((transfers) => {
      if (!what(transfers)) return;
      resolve(transfers);
      // The first call comes before `stop` is there.
      queueMicrotask(() => stop());
    });
  });
}

export const allIn =
  (state: Transfer['state']) =>
  (transfers: readonly Transfer[]): boolean =>
    transfers.length > 0 && transfers.every((transfer) => transfer.state === state);
