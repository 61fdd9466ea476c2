import { createDeviceKey, unwrapSecret, wrapSecret } from '../../../shared/crypto/device-key.ts';
import type { LockedKey } from '../../../shared/crypto/passphrase.ts';
import { DERIVATION_ID_BYTES, VAULT_SECRET_BYTES } from '../../../shared/crypto/kdf.ts';
import { randomBytes } from '../../../shared/crypto/random.ts';
import { AppError } from '../../../shared/errors.ts';
import type { StateItem } from '../../../shared/vault/vault-state.ts';
import type { Vault, VaultIdentity } from '../local-stores.ts';
import { wrapItems } from './idb-vault-items.ts';
import { THIS_DEVICE } from './schema.ts';
import type { LanvaultDatabase, VaultRecord } from './schema.ts';
import { withStorageErrors } from './storage-error.ts';

export const VAULT_SECRET_CONTEXT = 'vault secret';

/** Opens a key that is under a passphrase. */
export type UnlockKey = (locked: LockedKey) => Promise<CryptoKey>;

export function vaultLocked(): AppError {
  return new AppError(
    'UNAVAILABLE',
    'The vault of this browser is locked: open Lanvault and enter its passphrase.',
  );
}

/**
 * This device's vault and the key that wraps its secrets, made on first use. When two tabs do that at once, one wins
 * and both use it. Throws `CORRUPT` when the stored secret does not open: it is never replaced; and as `unlock`.
 */
export async function openVault(
  database: LanvaultDatabase,
  unlock: UnlockKey = () => Promise.reject(vaultLocked()),
): Promise<{ vault: Vault; deviceKey: CryptoKey; hasPassphrase: boolean }> {
  const record = (await storedVault(database)) ?? (await create(database));
  const hasPassphrase = isLocked(record.deviceKey);
  const deviceKey = isLocked(record.deviceKey) ? await unlock(record.deviceKey) : record.deviceKey;
  const identities = [record, ...(record.former ?? [])].map(async ({ secret, deviceId }) => ({
    secret: await unwrapSecret(secret, deviceKey, VAULT_SECRET_CONTEXT),
    deviceId,
  }));
  const [current, ...former] = await Promise.all(identities);
  if (current === undefined) throw new TypeError('The vault itself comes first.');
  return { vault: { ...current, former }, deviceKey, hasPassphrase };
}

/**
 * Puts `next` and the items of its index in place of the vault, which becomes a former one; all or nothing. Throws `NO_SPACE`, `IO`.
 */
export async function replaceVault(
  database: LanvaultDatabase,
  deviceKey: CryptoKey,
  next: VaultIdentity,
  items: readonly StateItem[],
): Promise<void> {
  const secret = await wrapSecret(next.secret, deviceKey, VAULT_SECRET_CONTEXT);
  const wrapped = await wrapItems(items, deviceKey);
  await withStorageErrors(async () => {
    const stores = ['vault', 'vault-index'] as const;
    const transaction = database.transaction(stores, 'readwrite', { durability: 'strict' });
    const vaults = transaction.objectStore('vault');
    const index = transaction.objectStore('vault-index');
    const before = await vaults.get(THIS_DEVICE);
    if (before === undefined) throw new TypeError('There is a vault as soon as the stores are open.');
    const former = [...(before.former ?? []), { secret: before.secret, deviceId: before.deviceId }];
    const work: Promise<unknown>[] = [
      transaction.done,
      vaults.put({ ...before, secret, deviceId: next.deviceId, former }, THIS_DEVICE),
      index.clear(),
    ];
    for (const [key, value] of wrapped) if (value !== null) work.push(index.put(value, key));
    await Promise.all(work);
  });
}

export function isLocked(key: CryptoKey | LockedKey): key is LockedKey {
  return 'salt' in key;
}

function storedVault(database: LanvaultDatabase): Promise<VaultRecord | undefined> {
  return withStorageErrors(() => database.get('vault', THIS_DEVICE));
}

async function create(database: LanvaultDatabase): Promise<VaultRecord> {
  // Before the transaction: it would end while these are awaited.
  const deviceKey = await createDeviceKey();
  const secret = await wrapSecret(randomBytes(VAULT_SECRET_BYTES), deviceKey, VAULT_SECRET_CONTEXT);
  const fresh: VaultRecord = { deviceKey, secret, deviceId: randomBytes(DERIVATION_ID_BYTES) };
  return withStorageErrors(async () => {
    const transaction = database.transaction('vault', 'readwrite', { durability: 'strict' });
    const earlier = await transaction.store.get(THIS_DEVICE);
    if (earlier === undefined) await transaction.store.put(fresh, THIS_DEVICE);
    await transaction.done;
    return earlier ?? fresh;
  });
}
