/**
 * What this browser remembers. Two implementations: IndexedDB (`database/`), and memory for pages without a secure
 * context, whose secrets could not be kept safely.
 */
import type { Bytes } from '../../shared/bytes.ts';
import { AppError } from '../../shared/errors.ts';
import type { Journal, JournalHeader, JournalStore } from '../../shared/engine/ports.ts';
import type { Manifest } from '../../shared/format/manifest-types.ts';
import type { ManifestId } from '../../shared/ids.ts';
import type { ClientKey } from '../../shared/protocol/swarm-session.ts';
import type { StoredFile } from './contract.ts';

export interface Vault {
  /** 32 bytes. */
  readonly secret: Bytes;
  /** 16 bytes. */
  readonly deviceId: Bytes;
}

/** What is known of a file beyond its manifest. */
export interface FileFacts {
  readonly minReplicas: number | null;
  /** The journal that owns its chunks; null for an imported manifest. */
  readonly uploadId: string | null;
}

export interface FileStore {
  /** Newest first. */
  list(): Promise<readonly StoredFile[]>;
  /** Throws `NOT_FOUND`. */
  manifest(id: ManifestId): Promise<Manifest>;
  /**
   * All or nothing, the upload's journal counting as finished included. A file that is there already keeps its facts.
   * Throws `NO_SPACE`.
   */
  add(id: ManifestId, manifest: Manifest, facts: FileFacts): Promise<StoredFile>;
  remove(id: ManifestId): Promise<void>;
}

/** An upload that an earlier visit, or an error, left unfinished. */
export interface LeftoverUpload {
  readonly header: JournalHeader;
  readonly handle: FileSystemFileHandle | null;
  /** The user had stopped it. */
  readonly paused: boolean;
}

export interface UploadJournals extends JournalStore {
  create(header: JournalHeader, handle?: FileSystemFileHandle): Promise<Journal>;
  /** Unfinished uploads that no other tab is working on, oldest first. */
  leftovers(): Promise<readonly LeftoverUpload[]>;
  /** Whether any tab of this browser, this one included, is uploading. */
  inUse(): Promise<boolean>;
  setPaused(uploadId: string, paused: boolean): Promise<void>;
  /** The upload that made this manifest on this device; null if none did. */
  uploadOf(manifestId: ManifestId): Promise<string | null>;
  /** Gives an upload up for good: its chunks are noted for deletion. Throws `CONFLICT` while somebody works on it. */
  abandon(uploadId: string): Promise<void>;
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
  readonly vault: Vault;
  readonly files: FileStore;
  readonly journals: UploadJournals;
  readonly swarmKey: SwarmKeyStore;
}

export function journalHeld(): AppError {
  return new AppError('CONFLICT', 'This file is being uploaded already, maybe in another tab.');
}

export function journalMissing(): AppError {
  return new AppError('NOT_FOUND', 'There is no such upload in this browser any more.');
}

export function newestFirst(a: StoredFile, b: StoredFile): number {
  return b.created.localeCompare(a.created) || a.name.localeCompare(b.name);
}
