/** The engine's types as the user interface may see them. */
export type {
  Abilities,
  AppEngine,
  AskPassphrase,
  PickedFile,
  StoredFile,
  SwarmAccess,
  SwarmHealth,
  Transfer,
  TransferState,
} from '../engine/contract.ts';
export type { IncomingFiles } from '../engine/incoming/incoming-contract.ts';
export type { WipeNews } from '../engine/device/wipe-news.ts';
export type { BrowserStorage, ThisDevice } from '../engine/device/device-contract.ts';
export type { DeletionRelay, DeletionState, FileDeletion } from '../engine/deletion/deletion-contract.ts';
export type {
  CatalogView,
  LoosePublication,
  PublicCatalog,
  PublishedFile,
} from '../engine/catalog/catalog-contract.ts';
export type { LinkedFile, ShareLinks } from '../engine/sharing/sharing-contract.ts';
export type { EventBatch, NetworkPort, NetworkView } from '../engine/network/network-port.ts';
export type { NetworkLink, NetworkRelay, NetworkSnapshot } from '../../shared/engine/network-snapshot.ts';
export type { FileChecks } from '../engine/health/health-contract.ts';
export type { FileDistribution } from '../../shared/engine/distribution.ts';
export type { Durability } from '../../shared/engine/durability.ts';
export type { RestoredVault, VaultStatus } from '../engine/vault/vault-contract.ts';
export type { AddedRelay } from '../../shared/protocol/operator-routes.ts';
export type {
  CleanResult,
  OperatorPort,
  OperatorState,
  StorageCheck,
  StoragePort,
  StorageState,
} from '../engine/storage/storage-contract.ts';
export type { RelayEvent } from '../../shared/protocol/events.ts';
export type { CompressionMode } from '../../shared/codec/compression.ts';
export type { ChunkRow } from '../../shared/format/manifest-types.ts';
export type { ManifestId } from '../../shared/ids.ts';
