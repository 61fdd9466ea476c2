import type { XzCodec } from '../../../shared/codec/xz.ts';
import { deriveDeleteKey } from '../../../shared/crypto/kdf.ts';
import type { RelaySwarm } from '../../../shared/engine/relay-client.ts';
import type { SwarmView } from '../../../shared/engine/swarm-view.ts';
import { formatLink, formatWebFragment, parseLink } from '../../../shared/format/capability.ts';
import type { CapabilityLink } from '../../../shared/format/capability.ts';
import { computeManifestId } from '../../../shared/format/manifest.ts';
import type { ManifestId } from '../../../shared/ids.ts';
import type { StoredFile } from '../contract.ts';
import type { LocalStores } from '../local-stores.ts';
import type { SwarmGate } from '../swarm-gate.ts';
import { throughLocks } from '../through-locks.ts';
import type { LinkedFile, ShareLinks, Sharing } from './sharing-contract.ts';

/** Loaded with the first link. */
const loadLinks = () => import('../../../shared/engine/links.ts');

export interface PageSharingOptions {
  /** Of the page: links in their web form lead to it. */
  readonly origin: string;
  readonly stores: LocalStores;
  readonly swarm: Pick<RelaySwarm, 'members' | 'put' | 'get'>;
  readonly view: SwarmView;
  readonly gate: Pick<SwarmGate, 'locks' | 'whenOpen'>;
  readonly loadXz: () => Promise<XzCodec>;
  /** The list has got a file. */
  readonly onKept: () => Promise<void>;
}

export class PageSharing implements Sharing {
  readonly #options: PageSharingOptions;
  /** Opened by their links in this visit. */
  readonly #opened = new Map<ManifestId, StoredFile>();

  constructor(options: PageSharingOptions) {
    this.#options = options;
  }

  /** A file that is open by its link; undefined if it is not. */
  opened(id: ManifestId): StoredFile | undefined {
    return this.#opened.get(id);
  }

  async share(manifestId: ManifestId, signal: AbortSignal): Promise<ShareLinks> {
    const { stores, origin } = this.#options;
    const known = (await stores.shares.get(manifestId))?.link ?? null;
    const link = known ?? (await this.#storeLink(manifestId, signal));
    return { link: formatLink(link), webLink: `${origin}/${formatWebFragment(link)}` };
  }

  async open(text: string, signal: AbortSignal): Promise<LinkedFile> {
    const link = parseLink(text);
    const { swarm, view, stores, gate, loadXz } = this.#options;
    const [xz, { openLink }] = await Promise.all([loadXz(), loadLinks()]);
    const manifest = await throughLocks(gate, signal, () => openLink(link, { swarm, view, xz }, signal));
    const id = await computeManifestId(manifest);
    const held = await stores.files.hold(id, manifest);
    this.#opened.set(id, held.file);
    return held;
  }

  async keep(manifestId: ManifestId): Promise<StoredFile> {
    const { files, journals } = this.#options.stores;
    const manifest = await files.manifest(manifestId);
    const uploadId = await journals.uploadOf(manifestId);
    const file = await files.add(manifestId, manifest, { minReplicas: null, uploadId });
    await this.#options.onKept();
    return file;
  }

  async close(manifestId: ManifestId): Promise<void> {
    this.#opened.delete(manifestId);
    await this.#options.stores.files.letGo(manifestId);
  }

  async #storeLink(manifestId: ManifestId, signal: AbortSignal): Promise<CapabilityLink> {
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
