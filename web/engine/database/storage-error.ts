import { AppError } from '../../../shared/errors.ts';

/** Runs an IndexedDB operation and gives its failures their codes. */
export async function withStorageErrors<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (cause) {
    if (cause instanceof AppError || !(cause instanceof Error)) throw cause;
    if (cause.name === 'QuotaExceededError') {
      throw new AppError('NO_SPACE', 'This browser’s storage is full: free some space and try again.', {
        cause,
      });
    }
    if (cause.name === 'InvalidStateError') {
      throw new AppError('UNAVAILABLE', 'Lanvault was updated in another tab: reload this page.', { cause });
    }
    throw new AppError('IO', 'This browser could not read or write its storage.', { cause });
  }
}
