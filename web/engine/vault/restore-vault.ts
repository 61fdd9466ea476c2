import { equalBytes } from '../../../shared/bytes.ts';
import { DERIVATION_ID_BYTES } from '../../../shared/crypto/kdf.ts';
import { randomBytes } from '../../../shared/crypto/random.ts';
import type { EngineClock } from '../../../shared/engine/clock.ts';
import { VaultSync } from '../../../shared/engine/vault-sync.ts';
import type { VaultNetwork, VaultStore } from '../../../shared/engine/vault-sync.ts';
import { AppError } from '../../../shared/errors.ts';
import { listFiles } from '../../../shared/vault/index-tree.ts';
import { parseRecoveryPhrase } from '../../../shared/vault/recovery-phrase.ts';
import type { StateItem } from '../../../shared/vault/vault-state.ts';
import type { LocalStores } from '../local-stores.ts';
import type { RestoredVault } from './vault-contract.ts';
import type { VaultHold } from './vault-hold.ts';

export interface RestoreOptions {
  readonly stores: LocalStores;
  readonly hold: VaultHold;
  readonly clock: EngineClock;
  /** Runs `work` on the swarm, when that is open. */
  readonly withNetwork: <T>(signal: AbortSignal, work: (network: VaultNetwork) => Promise<T>) => Promise<T>;
}

/** As `VaultPort.restore`. Until all of the other vault's index is here, and it can be put in place at once, nothing changes. */
export async function restoreVault(
  { stores, hold, clock, withNetwork }: RestoreOptions,
  phrase: string,
  signal: AbortSignal,
): Promise<RestoredVault> {
  const secret = await parseRecoveryPhrase(phrase);
  if (equalBytes(secret, stores.vault.secret))
    throw new AppError('CONFLICT', 'These are the words of the vault that is here already.');
  await assertIdle(stores);
  const next = { secret, deviceId: randomBytes(DERIVATION_ID_BYTES) };
  const collected = new CollectedItems();
  const restored = await VaultSync.open({
    ...{ vaultSecret: secret, deviceId: next.deviceId },
    ...{ store: collected, clock },
  });
  const { devices, unread } = await withNetwork(signal, (network) => restored.read(network, signal));
  if (devices === 0) throw nothingFound(unread);
  const files = listFiles(restored.index.tree()).length;
  await hold.change(async (own) => {
    await assertIdle(stores);
    signal.throwIfAborted();
    const entries = [...own.index.entries()];
    if (entries.length > 0) {
      // Their ids are random: they keep them, so that two devices of the vault before do not bring them twice.
      await restored.edit((index) => {
        for (const entry of entries) index.merge(entry);
      });
    }
    await stores.replaceVault(next, collected.items);
  });
  return { files, devices, unread };
}

class CollectedItems implements VaultStore {
  readonly #items = new Map<string, string>();

  get items(): readonly StateItem[] {
    return [...this.#items];
  }

  load(): Promise<Iterable<readonly [string, string]>> {
    return Promise.resolve([...this.#items]);
  }

  save(items: readonly StateItem[]): Promise<void> {
    for (const [key, value] of items) {
      if (value === null) this.#items.delete(key);
      else this.#items.set(key, value);
    }
    return Promise.resolve();
  }
}

async function assertIdle({ journals, publications }: LocalStores): Promise<void> {
  if (await journals.inUse())
    throw new AppError(
      'CONFLICT',
      'Files are being uploaded or deleted, here or in another tab. Restore when that has ended.',
    );
  if ((await publications.list()).some(({ state }) => state !== 'unpublished'))
    throw new AppError(
      'CONFLICT',
      'Files of this browser are in the public catalog. Unpublish them first: only the vault that published them can.',
    );
}

function nothingFound(unread: number): AppError {
  return unread > 0
    ? new AppError(
        'UNAVAILABLE',
        'There is a vault of these words, but the relays that have its list of files do not answer. Switch them on, then try again.',
      )
    : new AppError(
        'NOT_FOUND',
        'No relay here knows a vault of these words. Compare them with what you wrote down, and see that this is the network that your files are on.',
      );
}
