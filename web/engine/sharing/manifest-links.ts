import type { XzCodec } from '../../../shared/codec/xz.ts';
import { deriveDeleteKey } from '../../../shared/crypto/kdf.ts';
import type { SwarmPort } from '../../../shared/engine/ports.ts';
import type { SwarmView } from '../../../shared/engine/swarm-view.ts';
import type { CapabilityLink } from '../../../shared/format/capability.ts';
import type { ManifestId } from '../../../shared/ids.ts';
import type { LocalStores } from '../local-stores.ts';
import type { SwarmGate } from '../swarm-gate.ts';
import { throughLocks } from '../through-locks.ts';

/** Loaded with the first link. */
const loadLinks = () => import('../../../shared/engine/links.ts');

export interface ManifestLinksOptions {
  readonly stores: LocalStores;
  readonly swarm: SwarmPort;
  readonly view: SwarmView;
  readonly gate: Pick<SwarmGate, 'locks' | 'whenOpen'>;
  readonly loadXz: () => Promise<XzCodec>;
}

/** The links of this browser's files, for sharing and for the vault's index: each manifest is stored in the swarm once. */
export class ManifestLinks {
  readonly #options: ManifestLinksOptions;
  /** Being stored. */
  readonly #storing = new Map<ManifestId, Promise<CapabilityLink>>();

  constructor(options: ManifestLinksOptions) {
    this.#options = options;
  }

  /** Null where there is none yet. */
  async known(manifestId: ManifestId): Promise<CapabilityLink | null> {
    return (await this.#options.stores.shares.get(manifestId))?.link ?? null;
  }

  /**
   * The link of a file whose manifest is here; the first time, that is stored in the swarm. Throws as `storeManifestLink`, `NOT_FOUND`,
   * `NO_SPACE`, `IO`.
   */
  async linkOf(manifestId: ManifestId, signal: AbortSignal): Promise<CapabilityLink> {
    for (;;) {
      const known = await this.known(manifestId);
      if (known !== null) return known;
      const underWay = this.#storing.get(manifestId);
      if (underWay === undefined) return this.#storeOnce(manifestId, signal);
      // Whoever began it may have given it up.
      await underWay.catch(() => undefined);
      signal.throwIfAborted();
    }
  }

  async #storeOnce(manifestId: ManifestId, signal: AbortSignal): Promise<CapabilityLink> {
    const storing = this.#store(manifestId, signal);
    this.#storing.set(manifestId, storing);
    try {
      return await storing;
    } finally {
      this.#storing.delete(manifestId);
    }
  }

  async #store(manifestId: ManifestId, signal: AbortSignal): Promise<CapabilityLink> {
    const { stores, swarm, view, gate, loadXz } = this.#options;
    const { vault, files, shares } = stores;
    const [manifest, xz, { storeManifestLink }, deleteKey] = await Promise.all([
      files.manifest(manifestId),
      loadXz(),
      loadLinks(),
      deriveDeleteKey(vault.secret, vault.deviceId),
    ]);
    const remember = (chunk: Parameters<typeof shares.addChunk>[1]): Promise<void> =>
      shares.addChunk(manifestId, chunk);
    const link = await throughLocks(gate, signal, () =>
      storeManifestLink(manifest, { swarm, view, xz, deleteKey, remember }, signal),
    );
    await shares.setLink(manifestId, link);
    return link;
  }
}
