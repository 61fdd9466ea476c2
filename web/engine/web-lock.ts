/** A Web Lock as a value, held until it is released or its tab dies. */
export interface HeldLock {
  /** Resolves when others may have it. */
  release(): Promise<void>;
}

/** Null when `ifAvailable` is set and somebody holds it, this tab included. */
export function acquireLock(
  locks: LockManager,
  name: string,
  options: { readonly ifAvailable?: boolean; readonly mode?: LockMode } = {},
): Promise<HeldLock | null> {
  return new Promise((resolve, reject) => {
    const held = locks.request(name, options, async (lock) => {
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
