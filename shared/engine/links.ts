/** Manifests behind capability links: stored in the swarm as chunks of their own, and read back by the link alone. */
import { equalBytes } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import type { XzCodec } from '../codec/xz.ts';
import { sha256, sha256Sync } from '../crypto/hash.ts';
import { AppError } from '../errors.ts';
import { isOwnerLink } from '../format/capability.ts';
import type { CapabilityLink, OwnerLink } from '../format/capability.ts';
import { loadManifest, storeManifest } from '../format/capability-manifest.ts';
import { openPayload, sealPayload } from '../format/capability-payload.ts';
import { deleteToken } from '../format/chunk.ts';
import { assertRightsTo } from '../format/deletion-rights.ts';
import type { DeletionRights } from '../format/deletion-rights.ts';
import type { PackedManifest } from '../format/manifest.ts';
import type { Manifest } from '../format/manifest-types.ts';
import { loadOwner, storeOwner } from '../format/owner-payload.ts';
import type { OwnedPayload } from '../format/owner-payload.ts';
import type { ChunkId } from '../ids.ts';
import { splitChunk } from '../protocol/chunk-header.ts';
import { fetchChunk } from './chunk-fetcher.ts';
import type { EngineClock } from './clock.ts';
import { placeChunk } from './placer.ts';
import type { SwarmPort } from './ports.ts';
import { createSwarmView } from './swarm-view.ts';
import type { SwarmView } from './swarm-view.ts';

export interface LinkOptions {
  readonly swarm: SwarmPort;
  /** Payloads are small and few, so they are packed and unpacked on the caller's thread. */
  readonly xz: XzCodec;
  readonly view?: SwarmView;
  readonly clock?: EngineClock;
}

export interface StoreLinkOptions extends LinkOptions {
  /** HKDF(vault, `delete` ‖ device id), 32 bytes. */
  readonly deleteKey: Bytes;
  /** Verified holders that each of the manifest's chunks must have; default 1. */
  readonly minReplicas?: number;
  /** Makes durable that this chunk is about to be sent: what lies in the swarm must be known here, to be deleted one day. */
  readonly remember: (chunk: { readonly id: ChunkId; readonly bodyHash: Bytes }) => Promise<void>;
}

/** Whoever gets the link can read the file. Throws `NOT_ENOUGH_RELAYS`, `UNAVAILABLE`, `ABORTED`, what `remember` throws. */
export async function storeManifestLink(
  manifest: Manifest,
  options: StoreLinkOptions,
  signal: AbortSignal,
): Promise<CapabilityLink> {
  const store = payloadStore(options, signal);
  return storeManifest(manifest, async (payload) => (await store(payload)).link);
}

/**
 * Stores the rights to a file beside its manifest, which lies behind `manifest`. Whoever gets the link can read and delete the file.
 * Throws as `storeManifestLink`.
 */
export async function storeOwnerLink(
  manifest: CapabilityLink,
  rights: DeletionRights,
  options: StoreLinkOptions,
  signal: AbortSignal,
): Promise<OwnerLink> {
  const store = payloadStore(options, signal);
  return storeOwner(manifest, rights, async (payload) => {
    const { link, bodyHash } = await store(payload);
    return { ...link, token: await deleteToken(options.deleteKey, bodyHash) };
  });
}

/** Stores payloads under one view of the swarm, each remembered before it is sent. */
function payloadStore(
  {
    swarm,
    clock,
    deleteKey,
    xz,
    remember,
    view = createSwarmView(swarm, clock),
    minReplicas = 1,
  }: StoreLinkOptions,
  signal: AbortSignal,
): (payload: Bytes) => Promise<{ readonly link: CapabilityLink; readonly bodyHash: Bytes }> {
  const placing = { ...view, minReplicas };
  return async (payload) => {
    const { link, id, bodyHash, chunk } = await sealPayload(payload, deleteKey, xz);
    await remember({ id, bodyHash });
    await placeChunk(placing, id, chunk, signal);
    return { link, bodyHash };
  };
}

export interface OpenedManifest extends PackedManifest {
  /** Behind an owner's link: the rights to delete the file, checked against its chunks. Null behind a reader's. */
  readonly rights: DeletionRights | null;
  /** The link to the manifest alone. */
  readonly reader: CapabilityLink;
}

/** As `openLink`, and opens owners' links as well. Throws `CORRUPT` also for rights that are not to the file. */
export async function openAnyLink(
  link: CapabilityLink | OwnerLink,
  options: LinkOptions,
  signal: AbortSignal,
): Promise<OpenedManifest> {
  if (!isOwnerLink(link)) return { ...(await openLink(link, options, signal)), rights: null, reader: link };
  const { swarm, clock, xz } = options;
  const view = options.view ?? createSwarmView(swarm, clock);
  const fetchPayload = async (part: OwnerLink): Promise<OwnedPayload> => {
    let bodyHash = new Uint8Array(0);
    const open = async (chunk: Bytes): Promise<Bytes> => {
      bodyHash = await bodyHashUnder(part.token, chunk);
      return openPayload(part, chunk, xz);
    };
    const payload = await fetchChunk(view, { id: part.id, name: 'The link’s right to delete', open }, signal);
    return { payload, bodyHash };
  };
  const owner = await loadOwner(link, fetchPayload, signal);
  const manifest = await openLink(owner.manifest, { ...options, view }, signal);
  await assertRightsTo(manifest.rows, owner.rights);
  return { ...manifest, rights: owner.rights, reader: owner.manifest };
}

/** Throws `CORRUPT` where the token is not the chunk's. */
async function bodyHashUnder(token: Bytes, chunk: Bytes): Promise<Bytes> {
  const { verifier, body } = splitChunk(chunk);
  if (!equalBytes(sha256Sync(token), verifier))
    throw new AppError('CORRUPT', 'The link’s right to delete is not that of what it leads to.');
  return sha256(body);
}

/** Throws `CHUNK_LOST`, `UNAVAILABLE`, `ABORTED`, and for what is no manifest `CORRUPT`, `TOO_LARGE`, `UNSUPPORTED`. */
export function openLink(
  link: CapabilityLink,
  options: LinkOptions,
  signal: AbortSignal,
): Promise<PackedManifest> {
  const { swarm, clock, xz } = options;
  const view = options.view ?? createSwarmView(swarm, clock);
  const fetchPayload = (part: CapabilityLink): Promise<Bytes> => {
    const open = (chunk: Bytes): Promise<Bytes> => openPayload(part, chunk, xz);
    return fetchChunk(view, { id: part.id, name: 'The link’s manifest', open }, signal);
  };
  return loadManifest(link, fetchPayload, signal);
}
