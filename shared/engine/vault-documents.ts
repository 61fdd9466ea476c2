/** A device's index in the swarm: its payloads, each a chunk like any other, read and stored. */
import { toHex } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import type { XzCodec } from '../codec/xz.ts';
import { sha256 } from '../crypto/hash.ts';
import { formatLink, parseLink } from '../format/capability.ts';
import type { CapabilityLink } from '../format/capability.ts';
import { openPayload, sealPayload } from '../format/capability-payload.ts';
import type { SealedPayload } from '../format/capability-payload.ts';
import { INDEX_PARALLEL_PARTS } from '../limits.ts';
import { formatRoot, packEntries, parsePart, parseRoot } from '../vault/index-payload.ts';
import type { IndexRoot } from '../vault/index-payload.ts';
import type { IndexEntry } from '../vault/index-entry.ts';
import type { OwnChunk, OwnPart } from '../vault/vault-state.ts';
import { fetchChunk } from './chunk-fetcher.ts';
import { Semaphore, TaskGroup } from './concurrency.ts';
import { placeChunk } from './placer.ts';
import type { SwarmView } from './swarm-view.ts';

export interface DocumentContext {
  readonly view: SwarmView;
  readonly xz: XzCodec;
}

/** Throws `CHUNK_LOST`, `UNAVAILABLE`, `CORRUPT`, `UNSUPPORTED`, `ABORTED`. */
export async function readRoot(
  context: DocumentContext,
  link: CapabilityLink,
  signal: AbortSignal,
): Promise<IndexRoot> {
  return parseRoot(await fetchPayload(context, link, signal));
}

/** All entries of these parts. Throws as `readRoot` does. */
export async function readParts(
  context: DocumentContext,
  links: readonly CapabilityLink[],
  signal: AbortSignal,
): Promise<IndexEntry[]> {
  const entries: IndexEntry[] = [];
  await inParallel(links, signal, async (link, inner) => {
    for (const entry of parsePart(await fetchPayload(context, link, inner))) entries.push(entry);
  });
  return entries;
}

export interface StoreIndexOptions {
  readonly entries: Iterable<IndexEntry>;
  readonly devices: readonly string[];
  /** What is in the swarm already, and need not be sent again. */
  readonly stored: readonly OwnPart[];
  readonly deleteKey: Bytes;
  /** Makes durable that these chunks are about to be sent. */
  readonly remember: (chunks: readonly OwnChunk[]) => Promise<void>;
}

/** Gives what the index is made of, the root last. Throws `NOT_ENOUGH_RELAYS`, `TOO_LARGE`, `UNAVAILABLE`, `ABORTED`. */
export async function storeIndex(
  { view, xz }: DocumentContext,
  { entries, devices, stored, deleteKey, remember }: StoreIndexOptions,
  signal: AbortSignal,
): Promise<OwnPart[]> {
  const known = new Map(stored.map((part) => [part.digest, part]));
  const parts: OwnPart[] = [];
  const fresh: SealedPayload[] = [];
  const add = async (payload: Bytes): Promise<void> => {
    const digest = toHex(await sha256(payload));
    const same = known.get(digest);
    if (same !== undefined) {
      parts.push(same);
      return;
    }
    const sealed = await sealPayload(payload, deleteKey, xz);
    fresh.push(sealed);
    const { id, bodyHash, link } = sealed;
    parts.push({ id, body_hash: toHex(bodyHash), digest, link: formatLink(link) });
  };
  for (const payload of packEntries(entries)) await add(payload);
  await add(formatRoot({ devices, parts: parts.map(({ link }) => parseLink(link)) }));
  await remember(fresh.map(({ id, bodyHash }) => ({ id, body_hash: toHex(bodyHash) })));
  const placing = { ...view, minReplicas: 1 };
  await inParallel(fresh, signal, async ({ id, chunk }, inner) => {
    await placeChunk(placing, id, chunk, inner);
  });
  return parts;
}

function fetchPayload(
  { view, xz }: DocumentContext,
  link: CapabilityLink,
  signal: AbortSignal,
): Promise<Bytes> {
  const open = (chunk: Bytes): Promise<Bytes> => openPayload(link, chunk, xz);
  return fetchChunk(view, { id: link.id, name: 'A part of your vault’s index', open }, signal);
}

async function inParallel<T>(
  items: readonly T[],
  signal: AbortSignal,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const places = new Semaphore(INDEX_PARALLEL_PARTS);
  const group = new TaskGroup(signal);
  for (const item of items) {
    group.run(async (inner) => {
      const release = await places.acquire(inner);
      try {
        await work(item, inner);
      } finally {
        release();
      }
    });
  }
  await group.join();
}
