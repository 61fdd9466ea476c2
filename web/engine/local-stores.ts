/**
 * What this browser remembers. Two implementations: IndexedDB (`database/`), and memory for pages without a secure
 * context, whose secrets could not be kept safely.
 */
import type { Bytes } from '../../shared/bytes.ts';
import { AppError } from '../../shared/errors.ts';
import type { PublicationStore } from '../../shared/engine/catalog-publish.ts';
import type { OwnedUpload } from '../../shared/engine/deletion-ports.ts';
import type { Journal, JournalEntry, JournalHeader, JournalStore } from '../../shared/engine/ports.ts';
import type { VaultStore } from '../../shared/engine/vault-sync.ts';
import type { CapabilityLink, OwnerLink } from '../../shared/format/capability.ts';
import type { Manifest } from '../../shared/format/manifest-types.ts';
import type { ChunkId, ManifestId } from '../../shared/ids.ts';
import type { ClientKey } from '../../shared/protocol/swarm-session.ts';
import type { StateItem } from '../../shared/vault/vault-state.ts';
import type { StoredFile } from './contract.ts';

/** A vault, and which of its devices this is. */
export interface VaultIdentity {
  /** 32 bytes. */
  readonly secret: Bytes;
  /** 16 bytes. */
  readonly deviceId: Bytes;
}

export interface Vault extends VaultIdentity {
  /** Those that another was restored in place of: their keys still delete what was uploaded under them. */
  readonly former: readonly VaultIdentity[];
}

/** What this browser keeps of its vault's index. */
export interface VaultItems extends VaultStore {
  /** Another one after each `save`, by any tab; empty before the first. */
  version(): Promise<string>;
}

/** What is known of a file beyond its manifest. */
export interface FileFacts {
  readonly minReplicas: number | null;
  /** The journal that owns its chunks; null for an imported manifest. */
  readonly uploadId: string | null;
  /** Path of the folder that it was put into; none: the top. */
  readonly folder?: string;
}

/** A file that this browser has uploaded or taken in; `path` is where it was put. */
export interface LocalFile extends StoredFile {
  /** It is, or was, in the vault's index: that then says where it is, and whether it is still there. */
  readonly indexed: boolean;
}

export interface FileStore {
  /** Newest first. */
  list(): Promise<readonly LocalFile[]>;
  /** One of the list; null if it is not there. */
  find(id: ManifestId): Promise<LocalFile | null>;
  /** Throws `NOT_FOUND`. */
  manifest(id: ManifestId): Promise<Manifest>;
  /**
   * All or nothing, the upload's journal counting as finished included. A file that is there already keeps its facts, and gets a
   * journal if it had none.
   * Throws `NO_SPACE`.
   */
  add(id: ManifestId, manifest: Manifest, facts: FileFacts): Promise<StoredFile>;
  remove(id: ManifestId): Promise<void>;
  /** Puts a listed file somewhere else, if it is there. */
  place(id: ManifestId, path: string): Promise<void>;
  /** Of a listed file: it is in the vault's index. */
  markIndexed(id: ManifestId): Promise<void>;
  /** Keeps the manifest of a file that was opened by its link: it can be read, and is not listed. Throws `NO_SPACE`. */
  hold(id: ManifestId, manifest: Manifest): Promise<HeldFile>;
  /** Forgets a file that is held and not listed. */
  letGo(id: ManifestId): Promise<void>;
  /** Every chunk of every manifest that is kept. Throws rather than leave anything out. */
  references(): AsyncIterable<ChunkId>;
}

export interface HeldFile {
  readonly file: StoredFile;
  /** It was on the list before, and stays there. */
  readonly listed: boolean;
}

/** An upload that an earlier visit, or an error, left unfinished. */
export interface LeftoverUpload {
  readonly header: JournalHeader;
  readonly handle: FileSystemFileHandle | null;
  /** Where the file goes; empty for the top. */
  readonly folder: string;
  /** The user had stopped it. */
  readonly paused: boolean;
}

export interface UploadOrigin {
  readonly handle?: FileSystemFileHandle | null;
  readonly folder?: string;
}

export interface UploadJournals extends JournalStore {
  create(header: JournalHeader, origin?: UploadOrigin): Promise<Journal>;
  /** Unfinished uploads that no other tab is working on, oldest first. */
  leftovers(): Promise<readonly LeftoverUpload[]>;
  /** Whether any tab of this browser, this one included, is uploading. */
  inUse(): Promise<boolean>;
  setPaused(uploadId: string, paused: boolean): Promise<void>;
  /** The upload that made this manifest on this device; null if none did. */
  uploadOf(manifestId: ManifestId): Promise<string | null>;
  /**
   * Takes in the right to delete somebody else's file, all or nothing: as a finished upload's journal with these entries. Throws
   * `CONFLICT` when there is one of this upload id, `NO_SPACE`.
   */
  grant(header: JournalHeader, manifestId: ManifestId, entries: Iterable<JournalEntry>): Promise<void>;
  /**
   * Gives an upload up for good, finished or not: its chunks are noted for deletion. Throws `CONFLICT` while somebody works on it.
   */
  abandon(uploadId: string): Promise<void>;
  /** Takes `abandon` back, where nothing of it has been deleted yet. Throws `CONFLICT` as `abandon`. */
  reinstate(uploadId: string): Promise<void>;
  /** Uploads given up whose journals no other tab works on. */
  abandoned(): Promise<readonly AbandonedUpload[]>;
  /** As `open`, of an upload that was given up. */
  openAbandoned(uploadId: string): Promise<Journal>;
  /** Forgets an upload that was given up and of which nothing is left. */
  remove(uploadId: string): Promise<void>;
  /**
   * All uploads, in whatever state and whoever works on them. Throws rather than leave anything out; an upload that another tab
   * removes meanwhile throws `CONFLICT`.
   */
  owned(): AsyncIterable<OwnedJournal>;
}

export interface OwnedJournal extends OwnedUpload {
  /** It was given up: the deletions' queue sees to its chunks. */
  readonly abandoned: boolean;
}

export interface AbandonedUpload {
  readonly uploadId: string;
  readonly name: string;
  /** Null for one that had not finished. */
  readonly manifestId: ManifestId | null;
  /** The user had stopped its deletion. */
  readonly paused: boolean;
}

/** A manifest that this device has stored in the swarm, to give out a link to it. */
export interface SharedManifest {
  /** Null until all of it is stored. */
  readonly link: CapabilityLink | null;
  /** Of the right to delete it; null until all of that is stored. */
  readonly ownerLink: OwnerLink | null;
  /** Chunks that these are made of, or that attempts at them have left. */
  readonly chunks: readonly LinkChunk[];
}

export interface LinkChunk {
  readonly id: ChunkId;
  readonly bodyHash: Bytes;
}

export interface ShareStore {
  /** Null where there is none. */
  get(manifestId: ManifestId): Promise<SharedManifest | null>;
  /** Durable when it resolves. */
  addChunk(manifestId: ManifestId, chunk: LinkChunk): Promise<void>;
  setLink(manifestId: ManifestId, link: CapabilityLink): Promise<void>;
  setOwnerLink(manifestId: ManifestId, link: OwnerLink): Promise<void>;
  remove(manifestId: ManifestId): Promise<void>;
  /** The chunks of all links. Throws rather than leave anything out. */
  references(): AsyncIterable<ChunkId>;
}

/** What this browser proves itself to its private swarm with. */
export interface SwarmKeyStore {
  /** Null when there is none. */
  load(): Promise<ClientKey | null>;
  /** In place of the one before. Throws `NO_SPACE`. */
  save(key: ClientKey): Promise<void>;
  remove(): Promise<void>;
}

export interface LocalStores extends AsyncDisposable {
  /** Whether anything survives a reload. */
  readonly persistent: boolean;
  /** Whether it takes a passphrase to open them. */
  readonly hasPassphrase: boolean;
  /** Another one after `replaceVault`, here or in another tab. */
  readonly vault: Vault;
  readonly vaultIndex: VaultItems;
  readonly files: FileStore;
  readonly journals: UploadJournals;
  readonly shares: ShareStore;
  /** What this device has published: `publishedChunks` of it must not be pruned. */
  readonly publications: PublicationStore;
  readonly swarmKey: SwarmKeyStore;
  /** Takes another vault in place of this one, which becomes a former one, and `items` in place of its index; all or nothing. */
  replaceVault(next: VaultIdentity, items: readonly StateItem[]): Promise<void>;
  /** Another tab has replaced it. */
  reloadVault(): Promise<void>;
}

export function journalHeld(): AppError {
  return new AppError('CONFLICT', 'This file is being uploaded already, maybe in another tab.');
}

export function journalMissing(): AppError {
  return new AppError('NOT_FOUND', 'There is no such upload in this browser any more.');
}

export function journalGone(): AppError {
  return new AppError('CONFLICT', 'Another tab deletes files meanwhile. Try again.');
}

export function newestFirst(a: StoredFile, b: StoredFile): number {
  return b.created.localeCompare(a.created) || a.name.localeCompare(b.name);
}
