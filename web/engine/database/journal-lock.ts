/** One uploader per journal over all tabs, by Web Locks: the browser frees a lock when its tab dies. */

export interface HeldLock {
  /** Resolves when others may have it. */
  release(): Promise<void>;
}

const PREFIX = 'lanvault-journal-';

/** Null when another tab, or this one, holds it. */
export function acquireJournalLock(locks: LockManager, uploadId: string): Promise<HeldLock | null> {
  return new Promise((resolve, reject) => {
    const held = locks.request(PREFIX + uploadId, { ifAvailable: true }, async (lock) => {
      if (lock === null) {
        resolve(null);
        return;
      }
      // Held for as long as this callback has not ended.
      await new Promise<void>((end) => {
        resolve({
          release: () => {
            end();
            return held;
          },
        });
      });
    });
    held.catch(reject);
  });
}

/** Uploads whose journals are held by any tab. */
export async function heldJournals(locks: LockManager): Promise<ReadonlySet<string>> {
  const { held = [] } = await locks.query();
  const names = held.map((lock) => lock.name ?? '').filter((name) => name.startsWith(PREFIX));
  return new Set(names.map((name) => name.slice(PREFIX.length)));
}
