import type { LocalStores } from '../local-stores.ts';
import { IdbFiles } from './idb-files.ts';
import { IdbJournals } from './idb-journals.ts';
import { IdbPublications } from './idb-publications.ts';
import { IdbShares } from './idb-shares.ts';
import { IdbSwarmKey } from './idb-swarm-key.ts';
import { openDatabase } from './open-database.ts';
import { openVault } from './vault-store.ts';

/** Opens this browser's stores. Needs a secure context. Throws `UNSUPPORTED`, `IO`, `CORRUPT`. */
export async function openIdbStores(onClosed: () => void): Promise<LocalStores> {
  const database = await openDatabase(onClosed);
  try {
    const { vault, deviceKey } = await openVault(database);
    return {
      persistent: true,
      vault,
      files: new IdbFiles(database, deviceKey),
      journals: new IdbJournals(database, deviceKey, navigator.locks),
      shares: new IdbShares(database, deviceKey),
      publications: new IdbPublications(database),
      swarmKey: new IdbSwarmKey(database, deviceKey),
      [Symbol.asyncDispose]: () => {
        database.close();
        return Promise.resolve();
      },
    };
  } catch (cause) {
    database.close();
    throw cause;
  }
}
