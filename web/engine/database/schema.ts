/**
 * The IndexedDB database `lanvault`: what this browser must remember. The page writes it, the service worker reads it.
 * File keys, the swarm key and the vault's secret lie in it only as `WrappedSecret`s.
 */
import type { DBSchema, IDBPDatabase, IDBPTransaction, StoreNames } from 'idb';
import type { Bytes } from '../../../shared/bytes.ts';
import type { CompressionMode } from '../../../shared/codec/compression.ts';
import type { WrappedSecret } from '../../../shared/crypto/device-key.ts';
import type { LockedKey } from '../../../shared/crypto/passphrase.ts';
import type { OwnPublication } from '../../../shared/engine/catalog-publish.ts';
import type { JournalEntry } from '../../../shared/engine/ports.ts';
import type { ChunkId, ManifestId } from '../../../shared/ids.ts';

export const DATABASE_NAME = 'lanvault';

/** One record per device. */
export const THIS_DEVICE = 'this-device';

/** One record: a page's origin is one entry relay, so one swarm. */
export const THIS_SWARM = 'this-swarm';

export interface VaultRecord {
  /** AES-GCM, not extractable; or under a passphrase. */
  readonly deviceKey: CryptoKey | LockedKey;
  readonly secret: WrappedSecret;
  /** 16 random bytes; part of the delete key's derivation. */
  readonly deviceId: Bytes;
  /** Of vaults that another was restored in place of. */
  readonly former?: readonly { readonly secret: WrappedSecret; readonly deviceId: Bytes }[];
}

/** A manifest's header and what the list shows; its rows are in `manifest-rows`. */
export interface FileRecord {
  readonly manifestId: ManifestId;
  readonly filename: string;
  readonly type: string;
  readonly sizeBytes: number;
  readonly created: string;
  readonly merkleRoot: string;
  readonly chunkCount: number;
  readonly key: WrappedSecret;
  readonly minReplicas: number | null;
  /** The journal that owns its chunks; null for an imported manifest. */
  readonly uploadId: string | null;
  /** Where it was put, for as long as the vault's index does not say it; the file's name where there is none. */
  readonly path?: string;
  /** It is, or was, in the vault's index. */
  readonly indexed?: boolean;
  /** ISO 8601; of a file that was opened by its link and is not on the list. */
  readonly openedAt?: string;
}

/** A manifest that lies in the swarm, so that its link can be given out. */
export interface ShareRecord {
  /** Null until all of it is stored. */
  readonly link: { readonly id: ChunkId; readonly key: WrappedSecret } | null;
  /** Leads to the right to delete the file; none in what older builds have stored. */
  readonly ownerLink?: { readonly id: ChunkId; readonly key: WrappedSecret; readonly token: WrappedSecret };
  /** What they are made of, or attempts at them have left: deleted together with the file. */
  readonly chunks: readonly { readonly id: ChunkId; readonly bodyHash: Bytes }[];
}

type JournalState =
  | 'unfinished'
  | 'finished'
  /** Given up by the user, as an upload or as a file: every chunk it names is to be deleted. */
  | 'abandoned';

export interface JournalRecord {
  readonly uploadId: string;
  readonly state: JournalState;
  /** The upload, or its deletion, was stopped by the user: it goes on when asked to, not by itself. */
  readonly paused: boolean;
  /** Null until it is finished. */
  readonly manifestId: ManifestId | null;
  readonly name: string;
  readonly type: string;
  readonly sizeBytes: number;
  readonly fingerprint: string;
  readonly created: string;
  readonly mode: CompressionMode;
  readonly key: WrappedSecret;
  /** Where the browser gives one: the file can be read again after a reload. */
  readonly handle: FileSystemFileHandle | null;
  /** Path of the folder that the file goes into; none: the top. */
  readonly folder?: string;
}

export interface LanvaultSchema extends DBSchema {
  vault: { key: string; value: VaultRecord };
  files: { key: string; value: FileRecord };
  /** Keyed by [manifest id, page]; see `row-pages.ts`. */
  'manifest-rows': { key: [string, number]; value: Bytes };
  journals: { key: string; value: JournalRecord; indexes: { state: string; manifestId: string } };
  /** Keyed by [upload id, sequence number from 0]. Granted tokens lie plain: each is good for deleting one chunk of others'. */
  'journal-entries': { key: [string, number]; value: JournalEntry };
  'swarm-keys': { key: string; value: WrappedSecret };
  /** Keyed by manifest id. */
  shares: { key: string; value: ShareRecord };
  /** Not wrapped: the one key in it is that of a link which anybody can read in the catalog. */
  publications: { key: string; value: OwnPublication };
  /** Keyed as the items of `shared/vault/vault-state.ts`; their texts hold the links to all files. */
  'vault-index': { key: string; value: WrappedSecret };
}

export type LanvaultDatabase = IDBPDatabase<LanvaultSchema>;
type Upgrade = IDBPTransaction<LanvaultSchema, StoreNames<LanvaultSchema>[], 'versionchange'>;

/**
 * Migration n takes the schema from version n to n + 1, within the upgrade's transaction. Only ever append: browsers
 * out there have run the older ones.
 */
export const MIGRATIONS: readonly ((database: LanvaultDatabase, upgrade: Upgrade) => void)[] = [
  (database) => {
    database.createObjectStore('vault');
    database.createObjectStore('files', { keyPath: 'manifestId' });
    database.createObjectStore('manifest-rows');
    const journals = database.createObjectStore('journals', { keyPath: 'uploadId' });
    journals.createIndex('state', 'state');
    // Unfinished ones have no manifest id, and null is no key: they are not in this index.
    journals.createIndex('manifestId', 'manifestId');
    database.createObjectStore('journal-entries');
  },
  (database) => {
    database.createObjectStore('swarm-keys');
  },
  (database) => {
    database.createObjectStore('shares');
  },
  (database) => {
    database.createObjectStore('publications', { keyPath: 'id' });
  },
  (database) => {
    database.createObjectStore('vault-index');
  },
  // The device key may be under a passphrase: older builds would take the lock for the key.
  () => undefined,
];

export const SCHEMA_VERSION = MIGRATIONS.length;
