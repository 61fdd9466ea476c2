/** The passphrase of this browser's vault: set, changed and removed while no engine runs here. */
import { createDeviceKey } from '../../../shared/crypto/device-key.ts';
import { createLockedKey, openLockedKey } from '../../../shared/crypto/passphrase.ts';
import { AppError } from '../../../shared/errors.ts';
import { openDeviceKeyNews } from '../database/device-key-news.ts';
import { DEVICE_KEY_LOCK } from '../database/idb-stores.ts';
import { openDatabase } from '../database/open-database.ts';
import { rewrapAll } from '../database/rewrap.ts';
import type { LanvaultDatabase } from '../database/schema.ts';
import { openVault } from '../database/vault-store.ts';
import type { UnlockKey } from '../database/vault-store.ts';
import { acquireLock } from '../web-lock.ts';

/** Throws `FORBIDDEN` unless `passphrase` is the one that is set now; null: none is. Changes nothing. */
export async function checkPassphrase(passphrase: string | null): Promise<void> {
  const database = await openDatabase(() => undefined);
  try {
    await openVault(database, unlockWith(passphrase));
  } finally {
    database.close();
  }
}

/**
 * Takes `next` in place of `current`; null: none. Every stored key is put under a new device key, all or nothing.
 * Throws `FORBIDDEN` when `current` is wrong, `BAD_INPUT` when `next` is too short, `CONFLICT` while another tab is open, `CORRUPT`, `NO_SPACE`, `IO`.
 */
export async function changePassphrase(current: string | null, next: string | null): Promise<void> {
  const alone = await acquireLock(navigator.locks, DEVICE_KEY_LOCK, { ifAvailable: true });
  if (alone === null) {
    throw new AppError('CONFLICT', 'Lanvault is open in another tab: its keys cannot be changed meanwhile.');
  }
  const news = openDeviceKeyNews();
  try {
    const database = await openDatabase(() => undefined);
    try {
      await renew(database, current, next);
    } finally {
      database.close();
    }
    news.tellChanged();
  } finally {
    news.close();
    await alone.release();
  }
}

async function renew(database: LanvaultDatabase, current: string | null, next: string | null): Promise<void> {
  const { deviceKey } = await openVault(database, unlockWith(current));
  if (next === null) {
    const key = await createDeviceKey();
    await rewrapAll(database, deviceKey, key, key);
  } else {
    const renewed = await createLockedKey(next);
    await rewrapAll(database, deviceKey, renewed.deviceKey, renewed.locked);
  }
}

function unlockWith(passphrase: string | null): UnlockKey {
  return async (locked) => {
    if (passphrase === null) throw new AppError('FORBIDDEN', 'This vault has a passphrase.');
    return openLockedKey(passphrase, locked);
  };
}
