/** One uploader per journal over all tabs, by Web Locks: the browser frees a lock when its tab dies. */
import { acquireLock } from '../web-lock.ts';
import type { HeldLock } from '../web-lock.ts';

const PREFIX = 'lanvault-journal-';

/** Null when another tab, or this one, holds it. */
export function acquireJournalLock(locks: LockManager, uploadId: string): Promise<HeldLock | null> {
  return acquireLock(locks, PREFIX + uploadId, { ifAvailable: true });
}

/** Uploads whose journals are held by any tab. */
export async function heldJournals(locks: LockManager): Promise<ReadonlySet<string>> {
  const { held = [] } = await locks.query();
  const names = held.map((lock) => lock.name ?? '').filter((name) => name.startsWith(PREFIX));
  return new Set(names.map((name) => name.slice(PREFIX.length)));
}
