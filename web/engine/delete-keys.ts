import type { Bytes } from '../../shared/bytes.ts';
import { deriveDeleteKey } from '../../shared/crypto/kdf.ts';
import type { Vault } from './local-stores.ts';

/** This device's delete key, and those of the vaults that it had before. */
export async function deleteKeysOf(vault: Vault): Promise<readonly [Bytes, ...Bytes[]]> {
  const keyOf = ({ secret, deviceId }: Pick<Vault, 'secret' | 'deviceId'>): Promise<Bytes> =>
    deriveDeleteKey(secret, deviceId);
  return [await keyOf(vault), ...(await Promise.all(vault.former.map(keyOf)))];
}
