/** What the engine finds in the browser that it starts in. */
import { openIdbStores } from './database/idb-stores.ts';
import type { AskPassphrase } from './contract.ts';
import type { LocalStores } from './local-stores.ts';
import { AppServiceWorker } from './service-worker-registration.ts';

/** Of this browser, or in memory without a secure context. Throws `UNSUPPORTED`, `IO`, `CORRUPT`, as `askPassphrase`. */
export async function openStores(askPassphrase: AskPassphrase): Promise<LocalStores> {
  if (!globalThis.isSecureContext) return (await import('./memory-stores.ts')).createMemoryStores();
  // The connection closes when another tab upgrades; every later call then says to reload the page.
  return openIdbStores(
    () => undefined,
    async (locked) => {
      const { openLockedKey } = await import('../../shared/crypto/passphrase.ts');
      return askPassphrase((passphrase) => openLockedKey(passphrase, locked));
    },
  );
}

/** Null where there is none: the app then works without streaming, and says so. */
export async function startServiceWorker(): Promise<AppServiceWorker | null> {
  // The development server has no build of it.
  if (!globalThis.isSecureContext || !('serviceWorker' in navigator) || import.meta.env.DEV) return null;
  try {
    return await AppServiceWorker.start(navigator.serviceWorker, () => location.reload());
  } catch (cause) {
    reportError(cause);
    return null;
  }
}

/** Asks once that the browser does not clear the vault when its disk is full. It may refuse; nothing depends on it. */
export function persistenceRequest(persistent: boolean): () => void {
  let asked = !persistent;
  return () => {
    if (asked) return;
    asked = true;
    navigator.storage.persist().catch(reportError);
  };
}
