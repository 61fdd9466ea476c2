import type { StateItem } from '../../../shared/vault/vault-state.ts';
import type { LocalStores, Vault, VaultIdentity } from '../local-stores.ts';
import { IdbFiles } from './idb-files.ts';
import { IdbJournals } from './idb-journals.ts';
import { IdbPublications } from './idb-publications.ts';
import { IdbShares } from './idb-shares.ts';
import { IdbSwarmKey } from './idb-swarm-key.ts';
import { IdbVaultItems } from './idb-vault-items.ts';
import { openDatabase } from './open-database.ts';
import type { LanvaultDatabase } from './schema.ts';
import { openVault, replaceVault } from './vault-store.ts';

/** Opens this browser's stores. Needs a secure context. Throws `UNSUPPORTED`, `IO`, `CORRUPT`. */
export async function openIdbStores(onClosed: () => void): Promise<LocalStores> {
  const database = await openDatabase(onClosed);
  try {
    const { vault, deviceKey } = await openVault(database);
    return new IdbStores(database, deviceKey, vault);
  } catch (cause) {
    database.close();
    throw cause;
  }
}

class IdbStores implements LocalStores {
  readonly persistent = true;
  readonly vaultIndex: IdbVaultItems;
  readonly files: IdbFiles;
  readonly journals: IdbJournals;
  readonly shares: IdbShares;
  readonly publications: IdbPublications;
  readonly swarmKey: IdbSwarmKey;
  readonly #database: LanvaultDatabase;
  readonly #deviceKey: CryptoKey;
  #vault: Vault;

  constructor(database: LanvaultDatabase, deviceKey: CryptoKey, vault: Vault) {
    this.#database = database;
    this.#deviceKey = deviceKey;
    this.#vault = vault;
    this.vaultIndex = new IdbVaultItems(database, deviceKey);
    this.files = new IdbFiles(database, deviceKey);
    this.journals = new IdbJournals(database, deviceKey, navigator.locks);
    this.shares = new IdbShares(database, deviceKey);
    this.publications = new IdbPublications(database);
    this.swarmKey = new IdbSwarmKey(database, deviceKey);
  }

  get vault(): Vault {
    return this.#vault;
  }

  async replaceVault(next: VaultIdentity, items: readonly StateItem[]): Promise<void> {
    await replaceVault(this.#database, this.#deviceKey, next, items);
    await this.reloadVault();
  }

  async reloadVault(): Promise<void> {
    this.#vault = (await openVault(this.#database)).vault;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#database.close();
    return Promise.resolve();
  }
}
