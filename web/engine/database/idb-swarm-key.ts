import { unwrapSecret, wrapSecret } from '../../../shared/crypto/device-key.ts';
import { AppError } from '../../../shared/errors.ts';
import type { ClientKey } from '../../../shared/protocol/swarm-session.ts';
import type { SwarmKeyStore } from '../local-stores.ts';
import { THIS_SWARM } from './schema.ts';
import type { LanvaultDatabase } from './schema.ts';
import { withStorageErrors } from './storage-error.ts';

export const SWARM_KEY_CONTEXT = 'swarm key for clients';

/**
 * What this browser proves itself to its private swarm with, under the device's key. It is derived from the swarm key and opens
 * sessions only: who takes it from here gets no relay into the swarm.
 */
export class IdbSwarmKey implements SwarmKeyStore {
  readonly #database: LanvaultDatabase;
  readonly #deviceKey: CryptoKey;

  constructor(database: LanvaultDatabase, deviceKey: CryptoKey) {
    this.#database = database;
    this.#deviceKey = deviceKey;
  }

  async load(): Promise<ClientKey | null> {
    const wrapped = await withStorageErrors(() => this.#database.get('swarm-keys', THIS_SWARM));
    if (wrapped === undefined) return null;
    try {
      return { client: await unwrapSecret(wrapped, this.#deviceKey, SWARM_KEY_CONTEXT) };
    } catch (cause) {
      // One that does not open is worth nothing, and can be given again, unlike the vault.
      if (cause instanceof AppError && cause.code === 'CORRUPT') return null;
      throw cause;
    }
  }

  async save({ client }: ClientKey): Promise<void> {
    const wrapped = await wrapSecret(client, this.#deviceKey, SWARM_KEY_CONTEXT);
    await withStorageErrors(() => this.#database.put('swarm-keys', wrapped, THIS_SWARM));
  }

  async remove(): Promise<void> {
    await withStorageErrors(() => this.#database.delete('swarm-keys', THIS_SWARM));
  }
}
