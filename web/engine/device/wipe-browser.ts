import { deleteDB } from 'idb';
import { AppError } from '../../../shared/errors.ts';
import { DATABASE_NAME } from '../database/schema.ts';

/** A connection that is told to close does so at once, unless its tab hangs. */
const CLOSE_TIMEOUT_MS = 10_000;

/**
 * Clears all that this browser keeps for the app: database, caches, settings, service worker. No engine may run here any more.
 * Throws `CONFLICT` while another tab keeps the database open, `IO`.
 */
export async function wipeBrowser(): Promise<void> {
  try {
    await deleteDatabase();
    // Not there without a secure context.
    const { caches, serviceWorker } = {
      caches: globalThis.caches as CacheStorage | undefined,
      serviceWorker: navigator.serviceWorker as ServiceWorkerContainer | undefined,
    };
    for (const name of (await caches?.keys()) ?? []) await caches?.delete(name);
    for (const registration of (await serviceWorker?.getRegistrations()) ?? [])
      await registration.unregister();
    localStorage.clear();
    sessionStorage.clear();
  } catch (cause) {
    throw AppError.from(cause, 'IO');
  }
}

async function deleteDatabase(): Promise<void> {
  const timeout = AbortSignal.timeout(CLOSE_TIMEOUT_MS);
  const tooLong = new Promise<never>((_resolve, reject) => {
    timeout.addEventListener('abort', () => {
      reject(
        new AppError(
          'CONFLICT',
          'Another tab of Lanvault does not let go of its data: close the other tabs, then try again.',
        ),
      );
    });
  });
  await Promise.race([deleteDB(DATABASE_NAME), tooLong]);
}
