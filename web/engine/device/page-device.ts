import type { ManifestId } from '../../../shared/ids.ts';
import type { LocalStores } from '../local-stores.ts';
import { lazily } from '../lazily.ts';
import type { BrowserStorage, ThisDevice } from './device-contract.ts';

export interface PageDeviceOptions {
  readonly stores: LocalStores;
  readonly exportManifest: (id: ManifestId) => Promise<Blob>;
  /** The list has got files. */
  readonly onImported: () => Promise<void>;
}

const loadTransfer = lazily(() => import('../manifest-transfer.ts'));
const loadSequence = lazily(() => import('./manifest-sequence.ts'));

export function createPageDevice({ stores, exportManifest, onImported }: PageDeviceOptions): ThisDevice {
  return {
    hasPassphrase: stores.hasPassphrase,

    async storage(): Promise<BrowserStorage> {
      // Not there without a secure context.
      const { storage } = navigator as { storage?: StorageManager };
      const { usage = null, quota = null } = (await storage?.estimate()) ?? {};
      return { usedBytes: usage, quotaBytes: quota, persisted: (await storage?.persisted()) ?? null };
    },

    async persist() {
      const { storage } = navigator as { storage?: StorageManager };
      return (await storage?.persist()) ?? false;
    },

    async exportManifests(ids, signal, onProgress) {
      const { exportSequence } = await loadSequence();
      return exportSequence(ids, exportManifest, signal, onProgress);
    },

    async importManifests(file, signal, onProgress) {
      const [{ importSequence }, { importManifest }] = await Promise.all([loadSequence(), loadTransfer()]);
      try {
        return await importSequence(
          file,
          async (text) => (await importManifest(stores, text)).name,
          signal,
          onProgress,
        );
      } finally {
        await onImported();
      }
    },
  };
}
