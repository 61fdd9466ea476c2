import { createDeviceKey, unwrapSecret, wrapSecret } from '../../../shared/crypto/device-key.ts';
import { DERIVATION_ID_BYTES, VAULT_SECRET_BYTES } from '../../../shared/crypto/kdf.ts';
import { randomBytes } from '../../../shared/crypto/random.ts';
import type { Vault } from '../local-stores.ts';
import { THIS_DEVICE } from './schema.ts';
import type { LanvaultDatabase, VaultRecord } from './schema.ts';
import { withStorageErrors } from './storage-error.ts';

const CONTEXT = 'vault secret';

/**
 * This device's vault and the key that wraps its secrets, made on first use. When two tabs do that at once, one wins
 * and both use it. Throws `CORRUPT` when the stored secret does not open: it is never replaced.
 */
export async function openVault(database: LanvaultDatabase): Promise<{ vault: Vault; deviceKey: CryptoKey }> {
  const record =
    (await withStorageErrors(() => database.get('vault', THIS_DEVICE))) ?? (await create(database));
  const secret = await unwrapSecret(record.secret, record.deviceKey, CONTEXT);
  return { vault: { secret, deviceId: record.deviceId }, deviceKey: record.deviceKey };
}

async function create(database: LanvaultDatabase): Promise<VaultRecord> {
  // Before the transaction: it would end while these are awaited.
  const deviceKey = await createDeviceKey();
  const secret = await wrapSecret(randomBytes(VAULT_SECRET_BYTES), deviceKey, CONTEXT);
  const fresh: VaultRecord = { deviceKey, secret, deviceId: randomBytes(DERIVATION_ID_BYTES) };
  return withStorageErrors(async () => {
    const transaction = database.transaction('vault', 'readwrite', { durability: 'strict' });
    const earlier = await transaction.store.get(THIS_DEVICE);
    if (earlier === undefined) await transaction.store.put(fresh, THIS_DEVICE);
    await transaction.done;
    return earlier ?? fresh;
  });
}
