/** Manifests behind capability links: stored in the swarm as chunks of their own, and read back by the link alone. */
import type { Bytes } from '../bytes.ts';
import type { XzCodec } from '../codec/xz.ts';
import type { CapabilityLink } from '../format/capability.ts';
import { loadManifest, storeManifest } from '../format/capability-manifest.ts';
import { openPayload, sealPayload } from '../format/capability-payload.ts';
import type { PackedManifest } from '../format/manifest.ts';
import type { Manifest } from '../format/manifest-types.ts';
import type { ChunkId } from '../ids.ts';
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
  const { swarm, clock, deleteKey, xz, remember, minReplicas = 1 } = options;
  const placing = { ...(options.view ?? createSwarmView(swarm, clock)), minReplicas };
  return storeManifest(manifest, async (payload) => {
    const { link, id, bodyHash, chunk } = await sealPayload(payload, deleteKey, xz);
    await remember({ id, bodyHash });
    await placeChunk(placing, id, chunk, signal);
    return link;
  });
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
