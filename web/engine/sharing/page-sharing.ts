import type { XzCodec } from '../../../shared/codec/xz.ts';
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
  /** Of a file whose manifest is here, or that is in the vault's index. Throws as `ManifestLinks.linkOf`. */
  readonly linkOf: (id: ManifestId, signal: AbortSignal) => Promise<CapabilityLink>;
  /** Whether people see it among their files. */
  readonly isListed: (id: ManifestId) => boolean;
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
  readonly #opened = new Map<ManifestId, { readonly file: StoredFile; readonly link: CapabilityLink }>();

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

  async open(text: string, signal: AbortSignal): Promise<LinkedFile> {
    const link = parseLink(text);
    const { swarm, view, stores, gate, loadXz, isListed } = this.#options;
    const [xz, { openLink }] = await Promise.all([loadXz(), loadLinks()]);
    const manifest = await throughLocks(gate, signal, () => openLink(link, { swarm, view, xz }, signal));
    const id = await computeManifestId(manifest);
    const held = await stores.files.hold(id, manifest);
    this.#opened.set(id, { file: held.file, link });
    return { ...held, listed: held.listed || isListed(id) };
  }

  async keep(manifestId: ManifestId): Promise<StoredFile> {
    const { files, journals, shares } = this.#options.stores;
    const manifest = await files.manifest(manifestId);
    const uploadId = await journals.uploadOf(manifestId);
    const link = this.#opened.get(manifestId)?.link;
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
}
