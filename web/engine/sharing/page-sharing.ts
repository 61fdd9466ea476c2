import type { XzCodec } from '../../../shared/codec/xz.ts';
import { deriveDeleteKey } from '../../../shared/crypto/kdf.ts';
import type { StoreLinkOptions } from '../../../shared/engine/links.ts';
import type { RelaySwarm } from '../../../shared/engine/relay-client.ts';
import type { SwarmView } from '../../../shared/engine/swarm-view.ts';
import {
  formatLink,
  formatOwnerLink,
  formatOwnerWebFragment,
  formatWebFragment,
  parseAnyLink,
} from '../../../shared/format/capability.ts';
import type { CapabilityLink, OwnerLink } from '../../../shared/format/capability.ts';
import type { DeletionRights } from '../../../shared/format/deletion-rights.ts';
import type { Manifest } from '../../../shared/format/manifest-types.ts';
import { computeManifestId } from '../../../shared/format/manifest.ts';
import type { ManifestId } from '../../../shared/ids.ts';
import type { StoredFile } from '../contract.ts';
import type { LocalStores } from '../local-stores.ts';
import type { SwarmGate } from '../swarm-gate.ts';
import { throughLocks } from '../through-locks.ts';
import { journalOf, rightsToFile } from './owner-rights.ts';
import type { LinkedFile, ShareLinks, Sharing } from './sharing-contract.ts';

/** Loaded with the first link. */
const loadLinks = () => import('../../../shared/engine/links.ts');

export interface PageSharingOptions {
  /** Of the page: links in their web form lead to it. */
  readonly origin: string;
  readonly stores: LocalStores;
  /** Of a file whose manifest is here, or that is in the vault's index. Throws as `ManifestLinks.linkOf`. */
  readonly linkOf: (id: ManifestId, signal: AbortSignal) => Promise<CapabilityLink>;
  /** Of a file on the list. Throws as `ManifestSource.get`. */
  readonly manifestOf: (id: ManifestId, signal: AbortSignal) => Promise<Manifest>;
  /** Whether people see it among their files. */
  readonly isListed: (id: ManifestId) => boolean;
  readonly swarm: Pick<RelaySwarm, 'members' | 'put' | 'get'>;
  readonly view: SwarmView;
  readonly gate: Pick<SwarmGate, 'locks' | 'whenOpen'>;
  readonly loadXz: () => Promise<XzCodec>;
  /** The list has got a file. */
  readonly onKept: () => Promise<void>;
}

interface OpenedFile {
  readonly file: StoredFile;
  /** That of a reader. */
  readonly link: CapabilityLink;
  readonly rights: DeletionRights | null;
}

export class PageSharing implements Sharing {
  readonly #options: PageSharingOptions;
  /** Opened by their links in this visit. */
  readonly #opened = new Map<ManifestId, OpenedFile>();

  constructor(options: PageSharingOptions) {
    this.#options = options;
  }

  /** A file that is open by its link; undefined if it is not. */
  opened(id: ManifestId): StoredFile | undefined {
    return this.#opened.get(id)?.file;
  }

  async share(manifestId: ManifestId, signal: AbortSignal): Promise<ShareLinks> {
    const { linkOf, origin } = this.#options;
    const link = await linkOf(manifestId, signal);
    return { link: formatLink(link), webLink: `${origin}/${formatWebFragment(link)}` };
  }

  async shareAsOwner(manifestId: ManifestId, signal: AbortSignal): Promise<ShareLinks> {
    const { stores, origin } = this.#options;
    const known = (await stores.shares.get(manifestId))?.ownerLink ?? null;
    const link = known ?? (await this.#storeOwnerLink(manifestId, signal));
    return { link: formatOwnerLink(link), webLink: `${origin}/${formatOwnerWebFragment(link)}` };
  }

  async open(text: string, signal: AbortSignal): Promise<LinkedFile> {
    const link = parseAnyLink(text);
    const { swarm, view, stores, gate, loadXz, isListed } = this.#options;
    const [xz, { openAnyLink }] = await Promise.all([loadXz(), loadLinks()]);
    const manifest = await throughLocks(gate, signal, () => openAnyLink(link, { swarm, view, xz }, signal));
    const { reader, rights } = manifest;
    const id = await computeManifestId(manifest);
    const held = await stores.files.hold(id, manifest);
    this.#opened.set(id, { file: held.file, link: reader, rights });
    // A reader has now been given more.
    const file = held.listed && !held.file.owned && rights !== null ? await this.keep(id) : held.file;
    const mayDelete = rights !== null || (await stores.journals.uploadOf(id)) !== null;
    return { file, listed: held.listed || isListed(id), mayDelete };
  }

  async keep(manifestId: ManifestId): Promise<StoredFile> {
    const { files, journals, shares } = this.#options.stores;
    const manifest = await files.manifest(manifestId);
    const { link, rights = null } = this.#opened.get(manifestId) ?? {};
    const uploadId = await journalOf(manifestId, { ...manifest, rights }, journals);
    // It is stored already: the same link serves on.
    if (link !== undefined && (await shares.get(manifestId)) === null) await shares.setLink(manifestId, link);
    const file = await files.add(manifestId, manifest, { minReplicas: null, uploadId });
    await this.#options.onKept();
    return file;
  }

  async close(manifestId: ManifestId): Promise<void> {
    this.#opened.delete(manifestId);
    await this.#options.stores.files.letGo(manifestId);
  }

  async #storeOwnerLink(manifestId: ManifestId, signal: AbortSignal): Promise<OwnerLink> {
    const { stores, linkOf, manifestOf, swarm, view, gate, loadXz } = this.#options;
    const { vault, shares } = stores;
    const reader = await linkOf(manifestId, signal);
    const { rows } = await manifestOf(manifestId, signal);
    // After the reader's: its chunks belong to what can be deleted.
    const rights = await rightsToFile(manifestId, rows, stores);
    const [xz, { storeOwnerLink }, deleteKey] = await Promise.all([
      loadXz(),
      loadLinks(),
      deriveDeleteKey(vault.secret, vault.deviceId),
    ]);
    const remember: StoreLinkOptions['remember'] = (chunk) => shares.addChunk(manifestId, chunk);
    const options = { swarm, view, xz, deleteKey, remember };
    const link = await throughLocks(gate, signal, () => storeOwnerLink(reader, rights, options, signal));
    await shares.setOwnerLink(manifestId, link);
    return link;
  }
}
