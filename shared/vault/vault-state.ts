/**
 * What a device keeps of its vault's index: all that it knows, what it has published, and every chunk that it has made for
 * that, so that none is forgotten in the swarm. It is kept as items of text, each under a key, so that a change writes little.
 */
import * as Type from 'typebox';
import type { Static } from 'typebox';
import { AppError } from '../errors.ts';
import { parseManifestId } from '../ids.ts';
import type { ManifestId } from '../ids.ts';
import { MAX_INDEX_PARTS, MAX_VAULT_DEVICES } from '../limits.ts';
import { Id, SafeInteger, parseJsonWith } from '../protocol/schemas.ts';
import { DeviceIdHex, parseEntry } from './index-entry.ts';
import type { IndexEntry } from './index-entry.ts';

/** A chunk of this device's: with its body hash, it can be deleted. */
const OwnChunk = Type.Object({ id: Id, body_hash: Id });
export type OwnChunk = Static<typeof OwnChunk>;

const OwnPart = Type.Object({
  ...OwnChunk.properties,
  /** SHA-256 of the plaintext: what has not changed is not sent again. */
  digest: Id,
  link: Type.String(),
});
export type OwnPart = Static<typeof OwnPart>;

/** What was taken over of another device's index. */
const Seen = Type.Object({
  device: DeviceIdHex,
  seq: SafeInteger,
  /** Chunk ids of the root and of all parts. */
  chunks: Type.Array(Id, { maxItems: MAX_INDEX_PARTS + 1 }),
});

const Head = Type.Object({
  format: Type.Literal('lanvault-vault-index/1'),
  device: DeviceIdHex,
  /** Changes made here, and how many of them are published. */
  changes: SafeInteger,
  published: SafeInteger,
  /** Of this device's record; 0 before the first. */
  seq: SafeInteger,
  /** Of the lists of devices. */
  list_seqs: Type.Array(SafeInteger, { maxItems: 8 }),
  /** What the published index is made of, the root last. */
  parts: Type.Array(OwnPart, { maxItems: MAX_INDEX_PARTS + 1 }),
  /** About to be sent, or sent and not published. */
  pending: Type.Array(OwnChunk),
  /** What the one before was made of: readers may still be at it. */
  superseded: Type.Array(OwnChunk),
  /** To be deleted. */
  doomed: Type.Array(OwnChunk),
  seen: Type.Array(Seen, { maxItems: MAX_VAULT_DEVICES }),
});
export type VaultHead = Static<typeof Head>;

const LinkChunks = Type.Array(OwnChunk, { minItems: 1 });
/** Chunks of manifests behind links. */
export type LinkChunks = ReadonlyMap<ManifestId, readonly OwnChunk[]>;

export interface VaultState {
  readonly head: VaultHead;
  readonly entries: readonly IndexEntry[];
  readonly links: LinkChunks;
}

/** Key and value; null: to be removed. */
export type StateItem = readonly [key: string, value: string | null];

const HEAD = 'head';
const ENTRY = 'entry:';
const LINK = 'link:';

/** Of a device that knows nothing yet; `deviceHex`: 16 bytes. */
export function emptyHead(deviceHex: string): VaultHead {
  return {
    ...{ format: 'lanvault-vault-index/1', device: deviceHex, changes: 0, published: 0, seq: 0 },
    ...{ list_seqs: [], parts: [], pending: [], superseded: [], doomed: [], seen: [] },
  };
}

export const headItem = (head: VaultHead): StateItem => [HEAD, JSON.stringify(head)];
export const entryItem = (entry: IndexEntry): StateItem => [ENTRY + entry.id, JSON.stringify(entry)];
export const linkItem = (manifest: ManifestId, chunks: readonly OwnChunk[]): StateItem => [
  LINK + manifest,
  chunks.length === 0 ? null : JSON.stringify(chunks),
];

/** From all items that were saved; null for none. Throws `CORRUPT` for what is none, or not all. */
export function stateFrom(items: Iterable<readonly [string, string]>): VaultState | null {
  let head: VaultHead | null = null;
  const entries: IndexEntry[] = [];
  const links = new Map<ManifestId, readonly OwnChunk[]>();
  try {
    for (const [key, value] of items) {
      if (key === HEAD) head = parseJsonWith(Head, value, 'The head');
      else if (key.startsWith(ENTRY)) entries.push(parseEntry(JSON.parse(value)));
      else if (key.startsWith(LINK))
        links.set(parseManifestId(key.slice(LINK.length)), parseJsonWith(LinkChunks, value, 'A link'));
    }
    if (head === null && (entries.length > 0 || links.size > 0))
      throw new AppError('CORRUPT', 'The head is missing.');
  } catch (cause) {
    throw new AppError('CORRUPT', 'What this device keeps of its vault’s index is damaged.', { cause });
  }
  return head === null ? null : { head, entries, links };
}

/** Chunks in the swarm that the index needs. */
export function* neededChunks({ head, links }: VaultState): Generator<OwnChunk> {
  yield* head.parts;
  yield* head.pending;
  yield* head.superseded;
  for (const chunks of links.values()) yield* chunks;
}
