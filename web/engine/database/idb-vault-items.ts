import { toHex } from '../../../shared/bytes.ts';
import { unwrapSecret, wrapSecret } from '../../../shared/crypto/device-key.ts';
import type { WrappedSecret } from '../../../shared/crypto/device-key.ts';
import { utf8 } from '../../../shared/bytes.ts';
import type { StateItem } from '../../../shared/vault/vault-state.ts';
import type { VaultItems } from '../local-stores.ts';
import type { LanvaultDatabase } from './schema.ts';
import { withStorageErrors } from './storage-error.ts';

/** Items that are unwrapped at once: each is a task of the browser's, and the page has others. */
const BATCH_ITEMS = 256;

export const itemContext = (key: string): string => `vault index ${key}`;

/** Each under its key; null: to be removed. */
export type WrappedItem = readonly [key: string, value: WrappedSecret | null];

export function wrapItems(items: readonly StateItem[], deviceKey: CryptoKey): Promise<WrappedItem[]> {
  return Promise.all(
    items.map(async ([key, value]): Promise<WrappedItem> => {
      return [key, value === null ? null : await wrapSecret(utf8(value), deviceKey, itemContext(key))];
    }),
  );
}

/** The vault's index in IndexedDB. Every save writes the head, so that the head's IV tells versions apart. */
export class IdbVaultItems implements VaultItems {
  readonly #database: LanvaultDatabase;
  readonly #deviceKey: CryptoKey;

  constructor(database: LanvaultDatabase, deviceKey: CryptoKey) {
    this.#database = database;
    this.#deviceKey = deviceKey;
  }

  async load(): Promise<Iterable<readonly [string, string]>> {
    const [keys, values] = await withStorageErrors(() => {
      const { store } = this.#database.transaction('vault-index');
      return Promise.all([store.getAllKeys(), store.getAll()]);
    });
    const items: (readonly [string, string])[] = [];
    for (let first = 0; first < keys.length; first += BATCH_ITEMS) {
      const batch = keys.slice(first, first + BATCH_ITEMS).map(async (key, i) => {
        const wrapped = values[first + i];
        if (wrapped === undefined) throw new TypeError('Keys and values are of one transaction.');
        const value = await unwrapSecret(wrapped, this.#deviceKey, itemContext(key));
        return [key, new TextDecoder().decode(value)] as const;
      });
      items.push(...(await Promise.all(batch)));
    }
    return items;
  }

  async save(items: readonly StateItem[]): Promise<void> {
    const wrapped = await wrapItems(items, this.#deviceKey);
    await withStorageErrors(async () => {
      const transaction = this.#database.transaction('vault-index', 'readwrite', { durability: 'strict' });
      const work: Promise<unknown>[] = [transaction.done];
      for (const [key, value] of wrapped)
        work.push(value === null ? transaction.store.delete(key) : transaction.store.put(value, key));
      await Promise.all(work);
    });
  }

  async version(): Promise<string> {
    const head = await withStorageErrors(() => this.#database.get('vault-index', 'head'));
    return head === undefined ? '' : toHex(head.iv);
  }
}
