import { MAX_CHUNK_BYTES } from '../../shared/limits.ts';
import type { StorageCondition } from '../../shared/protocol/health-routes.ts';
import type { ChunkFiles } from './chunk-files.ts';
import { errnoOf } from './file-ops.ts';
import type { SpaceBudget } from './space-budget.ts';

export interface ConditionParts {
  readonly capacityBytes: number;
  readonly files: Pick<ChunkFiles, 'assertWritable'>;
  readonly budget: Pick<SpaceBudget, 'hasRoom'>;
}

/** Whether chunks can be stored, as the disk and the budget say now; nothing is written. */
export async function storageCondition({
  capacityBytes,
  files,
  budget,
}: ConditionParts): Promise<StorageCondition> {
  if (capacityBytes === 0) return 'none';
  try {
    await files.assertWritable();
    return (await budget.hasRoom(MAX_CHUNK_BYTES)) ? 'ok' : 'full';
  } catch (cause) {
    const errno = errnoOf(cause);
    return errno === 'EROFS' || errno === 'EACCES' ? 'read-only' : 'failing';
  }
}
