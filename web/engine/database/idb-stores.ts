import type { StateItem } from '../../../shared/vault/vault-state.ts';
import type { LocalStores, Vault, VaultIdentity } from '../local-stores.ts';
import { acquireLock } from '../web-lock.ts';
import { openDeviceKeyNews } from './device-key-news.ts';
import { IdbFiles } from './idb-files.ts';
import { IdbJournals } from './idb-journals.ts';
import { IdbPublications } from './idb-publications.ts';
import { IdbShares } from './idb-shares.ts';
import { IdbSwarmKey } from './idb-swarm-key.ts';
import { IdbVaultItems } from './idb-vault-items.ts';
import { openDatabase } from './open-database.ts';
import type { LanvaultDatabase } from './schema.ts';
import { openVault, replaceVault, vaultLocked } from './vault-store.ts';
import type { UnlockKey } from './vault-store.ts';

/** Shared by all who may write under the device key; whoever changes that has it alone. */
export const DEVICE_KEY_LOCK = 'lanvault-device-key';

/** Other tabs are asked for an opened key for so long. */
const ASK_TABS_MS = 300;

/**
 * Opens this browser's stores; `askPerson`: for the key of those under a passphrase, unless another tab has it. Needs a secure context.
 * Throws `UNSUPPORTED`, `IO`, `CORRUPT`, as `askPerson`.
 */
export async function openIdbStores(
  onClosed: () => void,
  askPerson: UnlockKey = () => Promise.reject(vaultLocked()),
): Promise<LocalStores> {
  const lock = await acquireLock(navigator.locks, DEVICE_KEY_LOCK, { mode: 'shared' });
  const news = openDeviceKeyNews();
  let database: LanvaultDatabase | null = null;
  const close = async (): Promise<void> => {
    news.close();
    database?.close();
    await lock?.release();
  };
  try {
    database = await openDatabase(onClosed);
    const opened = await openVault(database, async (locked) => {
      const key = (await news.ask(locked, ASK_TABS_MS)) ?? (await askPerson(locked));
      news.share(locked, key);
      return key;
    });
    return new IdbStores({ ...opened, database, close });
  } catch (cause) {
    await close();
    throw cause;
  }
}

interface Opened {
  readonly database: LanvaultDatabase;
  readonly deviceKey: CryptoKey;
  readonly vault: Vault;
  readonly hasPassphrase: boolean;
  readonly close: () => Promise<void>;
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
  readonly hasPassphrase: boolean;
  readonly #close: () => Promise<void>;
  #vault: Vault;

  constructor({ database, deviceKey, vault, hasPassphrase, close }: Opened) {
    this.#database = database;
    this.#deviceKey = deviceKey;
    this.#vault = vault;
    this.hasPassphrase = hasPassphrase;
    this.#close = close;
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
    this.#vault = (await openVault(this.#database, () => Promise.resolve(this.#deviceKey))).vault;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}
