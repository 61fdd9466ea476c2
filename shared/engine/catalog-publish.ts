/** Publishing and unpublishing: what leaves this device is known here first, so that it can be taken back one day. */
import { fromHex, toBase64Url, toHex } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import { DERIVATION_ID_BYTES, derivePublishSeed } from '../crypto/kdf.ts';
import { randomBytes } from '../crypto/random.ts';
import { createSigner } from '../crypto/sign.ts';
import type { Signer } from '../crypto/sign.ts';
import { AppError } from '../errors.ts';
import { computeManifestId } from '../format/manifest.ts';
import type { Manifest } from '../format/manifest-types.ts';
import type { ChunkId, ManifestId } from '../ids.ts';
import {
  catalogListOf,
  cleanCatalogName,
  formatPublication,
  toCatalogName,
  toCatalogType,
} from '../protocol/catalog.ts';
import { entryId, signEntry, signRemoval } from '../protocol/records.ts';
import type { ListEntry } from '../protocol/records.ts';
import { DELETE_BATCH_CHUNKS } from '../limits.ts';
import type { CatalogPort } from './catalog.ts';
import { systemClock } from './clock.ts';
import type { EngineClock } from './clock.ts';
import { rightOver, sendDeletions } from './delete-tokens.ts';
import type { DeletionPort } from './deletion-ports.ts';
import { storeManifestLink } from './links.ts';
import type { StoreLinkOptions } from './links.ts';

/**
 * `publishing`: it may be out there already. `unpublishing`: its removal may be. `unpublished`: it is gone, and the chunks of its
 * manifest belong to nothing any more.
 */
export type PublicationState = 'publishing' | 'published' | 'unpublishing' | 'unpublished';

/** A publication of this vault's, as the device that made it remembers it. */
export interface OwnPublication {
  /** Random 16 bytes, lowercase hex: its signer comes from this and the vault's secret. */
  readonly id: string;
  readonly state: PublicationState;
  readonly manifestId: ManifestId;
  /** Name in the catalog. */
  readonly name: string;
  /** Plaintext bytes of the file. */
  readonly size: number;
  /** Chunks that the stored manifest is made of, or that attempts at it have left. */
  readonly chunks: readonly { readonly id: ChunkId; readonly bodyHash: Bytes }[];
  /** Null until it is signed. */
  readonly entry: ListEntry | null;
}

export interface PublicationStore {
  /** All of them. Throws rather than leave out what cannot be read. */
  list(): Promise<readonly OwnPublication[]>;
  /** Adds or replaces the one with this id; durable when it resolves. */
  save(publication: OwnPublication): Promise<void>;
}

export interface OwnerOptions {
  readonly catalog: Pick<CatalogPort, 'publish' | 'unpublish'>;
  readonly store: PublicationStore;
  readonly vaultSecret: Bytes;
  /** Of vaults that this device had before: what was published with one is taken back with it. */
  readonly formerSecrets?: readonly Bytes[];
}

export interface UnpublishOptions extends OwnerOptions {
  /** Deletes what the entry led to, so that it opens nothing any more, whoever still has it. */
  readonly swarm: DeletionPort;
  /** Under which the chunks may have been made: this device's, and those that it had before. */
  readonly deleteKeys: readonly Bytes[];
  readonly clock?: EngineClock;
}

export type PublishOptions = OwnerOptions &
  Omit<StoreLinkOptions, 'remember'> & {
    /** In the catalog; default the file's. What a catalog's name may not hold becomes `_`. */
    readonly name?: string;
  };

export interface PublishResult {
  readonly publication: OwnPublication;
  /** Id of the entry in the catalog. */
  readonly entryId: string;
  /** Relays that say they keep the entry. */
  readonly holders: number;
}

/**
 * Anyone on the swarm can read the file from then on. An attempt that was interrupted is gone on with, and what is published
 * already is sent again, under the same signer. Throws what storing a link and the catalog's port throw.
 */
export async function publishManifest(
  manifest: Manifest,
  options: PublishOptions,
  signal: AbortSignal,
): Promise<PublishResult> {
  const { catalog, store, vaultSecret } = options;
  const { filename, size, type, created } = manifest.header;
  const manifestId = await computeManifestId(manifest);
  const known = (await store.list()).find(
    (each) => each.manifestId === manifestId && (each.state === 'publishing' || each.state === 'published'),
  );
  let own: OwnPublication = known ?? {
    id: toHex(randomBytes(DERIVATION_ID_BYTES)),
    state: 'publishing',
    manifestId,
    name: options.name === undefined ? toCatalogName(filename) : cleanCatalogName(options.name),
    size,
    chunks: [],
    entry: null,
  };
  const keep = async (changes: Partial<OwnPublication>): Promise<void> => {
    own = { ...own, ...changes };
    await store.save(own);
  };

  let { entry } = own;
  if (entry === null) {
    const signer = await signerOf(vaultSecret, own);
    const remember: StoreLinkOptions['remember'] = (chunk) => keep({ chunks: [...own.chunks, chunk] });
    const link = await storeManifestLink(manifest, { ...options, remember }, signal);
    const value = formatPublication({
      name: own.name,
      size,
      type: toCatalogType(type),
      created,
      manifest: link.id,
      key: toBase64Url(link.key, { padding: false }),
    });
    entry = await signEntry(signer, catalogListOf(toHex(signer.publicKey)), value);
    await keep({ entry });
  }
  const { holders } = await catalog.publish(entry, signal);
  await keep({ state: 'published' });
  return {
    publication: own,
    entryId: entryId(catalogListOf(entry.public_key), entry),
    holders: holders.length,
  };
}

/**
 * Takes a publication out of the catalog, for good, and deletes the stored manifest that it led to; twice is fine. Whoever has opened
 * it before may have kept the file's key. Throws what the catalog's port and deleting throw: it is `unpublishing` then, to be tried
 * again.
 */
export async function unpublish(
  publication: OwnPublication,
  options: UnpublishOptions,
  signal: AbortSignal,
): Promise<void> {
  const { catalog, store, vaultSecret, formerSecrets = [] } = options;
  const { entry } = publication;
  if (entry !== null) {
    const signers = await Promise.all(
      [vaultSecret, ...formerSecrets].map((secret) => signerOf(secret, publication)),
    );
    const signer = signers.find(({ publicKey }) => toHex(publicKey) === entry.public_key);
    if (signer === undefined)
      throw new AppError(
        'FORBIDDEN',
        'This was published with another vault: only that one can unpublish it.',
      );
    await store.save({ ...publication, state: 'unpublishing' });
    const list = catalogListOf(entry.public_key);
    await catalog.unpublish(await signRemoval(signer, list, entryId(list, entry)), signal);
  }
  await deleteChunks(publication, options, signal);
  await store.save({ ...publication, state: 'unpublished' });
}

async function deleteChunks(
  { chunks }: OwnPublication,
  { swarm, deleteKeys, clock = systemClock }: UnpublishOptions,
  signal: AbortSignal,
): Promise<void> {
  const rights = await Promise.all(chunks.map((chunk) => rightOver(deleteKeys, { ...chunk, token: null })));
  const deletions = rights.filter((right) => right !== null);
  for (let start = 0; start < deletions.length; start += DELETE_BATCH_CHUNKS)
    await sendDeletions(swarm, deletions.slice(start, start + DELETE_BATCH_CHUNKS), clock, signal);
}

/**
 * Notes that a file's publications are to be taken back, its file being deleted: `settleUnpublishing` does it. Throws as the store
 * does.
 */
export async function noteUnpublishing(manifestId: ManifestId, store: PublicationStore): Promise<void> {
  for (const publication of await store.list()) {
    if (publication.manifestId !== manifestId || publication.state === 'unpublished') continue;
    await store.save({ ...publication, state: 'unpublishing' });
  }
}

/** Takes back what is noted as `unpublishing`; what could not be stays noted. Throws the first of what `unpublish` has thrown. */
export async function settleUnpublishing(options: UnpublishOptions, signal: AbortSignal): Promise<void> {
  const noted = (await options.store.list()).filter(({ state }) => state === 'unpublishing');
  const failures: AppError[] = [];
  for (const publication of noted) {
    try {
      await unpublish(publication, options, signal);
    } catch (cause) {
      failures.push(AppError.from(cause));
    }
  }
  const [first] = failures;
  if (first !== undefined) throw first;
}

/**
 * Chunks that what is published is read from: they belong to something, as long as it is not unpublished. Throws as the store
 * does.
 */
export async function* publishedChunks(store: Pick<PublicationStore, 'list'>): AsyncGenerator<ChunkId> {
  for (const { state, chunks } of await store.list())
    if (state !== 'unpublished') for (const { id } of chunks) yield id;
}

/** Of its entry in the catalog; null before that is signed. */
export function entryIdOf({ entry }: OwnPublication): string | null {
  return entry === null ? null : entryId(catalogListOf(entry.public_key), entry);
}

async function signerOf(vaultSecret: Bytes, { id }: OwnPublication): Promise<Signer> {
  return createSigner(await derivePublishSeed(vaultSecret, fromHex(id)));
}
