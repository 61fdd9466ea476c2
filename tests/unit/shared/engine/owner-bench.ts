/** Owners, relays that list and delete, and liars among them; hashes and tokens by node:crypto, not by the code under test. */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { Bytes } from '../../../../shared/bytes.ts';
import { AppError, throwIfAborted } from '../../../../shared/errors.ts';
import { parseChunkId, parseManifestId, parseRelayId } from '../../../../shared/ids.ts';
import type { ChunkId, RelayId } from '../../../../shared/ids.ts';
import { BLOCK_BYTES } from '../../../../shared/limits.ts';
import type {
  Deletion,
  DeletionOutcome,
  DeletionPort,
  InventoryPage,
  InventoryPort,
  OwnedDatabase,
  OwnedUpload,
} from '../../../../shared/engine/deletion-ports.ts';
import type { Journal, JournalEntry, JournalHeader } from '../../../../shared/engine/ports.ts';
import type { Member } from '../../../../shared/placement/member.ts';
import type { ChunkEntry } from '../../../../shared/protocol/routes.ts';

const sha256 = (...parts: Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();
export const bytesOf = (data: Uint8Array): Bytes => new Uint8Array(data);

export const NOW = 1_763_000_000_000;
export const OLD = NOW - 2 * 3_600_000;

export interface TestChunk {
  readonly id: ChunkId;
  readonly bodyHash: Bytes;
  readonly verifier: Bytes;
}

export function chunkOf(deleteKey: Uint8Array, body: Uint8Array = randomBytes(8)): TestChunk {
  const bodyHash = sha256(body);
  const verifier = sha256(createHmac('sha256', deleteKey).update(bodyHash).digest());
  const id = parseChunkId(sha256(verifier, bodyHash).toString('hex'));
  return { id, bodyHash: bytesOf(bodyHash), verifier: bytesOf(verifier) };
}

export function rowOf({ id, bodyHash, verifier }: TestChunk, storedAt = OLD): ChunkEntry {
  const hashes = {
    verifier: Buffer.from(verifier).toString('hex'),
    body_hash: Buffer.from(bodyHash).toString('hex'),
  };
  return { id, size: 1000, ...hashes, stored_at: storedAt };
}

export class OwnerRelay {
  readonly id: RelayId = parseRelayId(randomBytes(32).toString('hex'));
  readonly rows = new Map<string, ChunkEntry>();
  /** Rows that are listed besides those above; an honest relay has none. */
  forged: ChunkEntry[] = [];
  state: 'live' | 'hung' | 'away' = 'live';
  /** What the page is turned into on its way. */
  twist: (page: InventoryPage) => InventoryPage = (page) => page;

  hold(...chunks: TestChunk[]): void {
    for (const chunk of chunks) this.rows.set(chunk.id, rowOf(chunk));
  }
}

export class OwnerSwarm implements DeletionPort, InventoryPort {
  readonly relays: OwnerRelay[];
  /** Every id that a token was sent for. */
  readonly revealed = new Set<string>();
  batches = 0;
  beforeDelete: (deletions: readonly Deletion[]) => void = () => undefined;
  beforeInventory: (relay: OwnerRelay) => void = () => undefined;
  twistOutcomes: (outcomes: DeletionOutcome[]) => DeletionOutcome[] = (outcomes) => outcomes;
  unreachable = false;

  constructor(count: number) {
    this.relays = Array.from({ length: count }, () => new OwnerRelay());
  }

  get ids(): RelayId[] {
    return this.relays.map(({ id }) => id);
  }

  holders(id: ChunkId): OwnerRelay[] {
    return this.relays.filter(({ rows }) => rows.has(id));
  }

  members(signal: AbortSignal): Promise<readonly Member[]> {
    throwIfAborted(signal);
    if (this.unreachable) return Promise.reject(new AppError('UNAVAILABLE', 'No relay answers.'));
    const listed = this.relays.filter(({ state }) => state !== 'away');
    return Promise.resolve(listed.map(({ id }) => ({ id, capacity: 1, machine: id })));
  }

  deleteChunks(deletions: readonly Deletion[], signal: AbortSignal): Promise<DeletionOutcome[]> {
    throwIfAborted(signal);
    this.batches++;
    for (const { id } of deletions) this.revealed.add(id);
    try {
      this.beforeDelete(deletions);
    } catch (cause) {
      return Promise.reject(AppError.from(cause));
    }
    const outcomes = deletions.map(({ id, token, bodyHash }): DeletionOutcome => {
      if (sha256(sha256(token), bodyHash).toString('hex') !== id)
        return { id, status: 'forbidden', confirmed: [], pending: [] };
      const live = this.relays.filter(({ state }) => state === 'live');
      for (const relay of live) relay.rows.delete(id);
      const pending = this.relays.filter(({ state }) => state === 'hung').map((relay) => relay.id);
      return { id, status: 'deleted', confirmed: live.map((relay) => relay.id), pending };
    });
    return Promise.resolve(this.twistOutcomes(outcomes));
  }

  inventory(id: RelayId, after: string, limit: number, signal: AbortSignal): Promise<InventoryPage> {
    throwIfAborted(signal);
    const relay = this.relays.find((each) => each.id === id);
    if (relay?.state !== 'live') return Promise.reject(new AppError('UNAVAILABLE', 'It does not answer.'));
    this.beforeInventory(relay);
    const all = [...relay.rows.values(), ...relay.forged].sort((a, b) => (a.id < b.id ? -1 : 1));
    const distinct = all.filter((row, i) => row.id !== all[i - 1]?.id && row.id > after);
    return Promise.resolve(relay.twist({ rows: distinct.slice(0, limit), more: distinct.length > limit }));
  }
}

/** The journal of an upload that stored one chunk a block. */
export class OwnerJournal implements Journal, OwnedUpload {
  readonly header: JournalHeader;
  readonly written: JournalEntry[] = [];
  name = 'the journal';
  complete = false;
  here = true;
  readonly manifestId = parseManifestId(randomBytes(32).toString('hex'));

  constructor(blocks: number) {
    this.header = {
      uploadId: 'upload-1',
      name: 'a.bin',
      type: 'application/octet-stream',
      sizeBytes: blocks * BLOCK_BYTES,
      fingerprint: '1',
      created: '2026-11-23T05:00:00Z',
      mode: 'none',
      key: bytesOf(randomBytes(32)),
    };
  }

  get sizeBytes(): number {
    return this.header.sizeBytes;
  }

  seal(index: number, { id, bodyHash }: TestChunk): this {
    const chunk = { index, id, bodyHash, size: BLOCK_BYTES, compression: 'none' as const };
    const rest = { blockHash: bytesOf(randomBytes(32)), iv: bytesOf(randomBytes(16)) };
    this.written.push({ kind: 'sealed', chunk: { ...chunk, ...rest } });
    return this;
  }

  stored(index: number, holders: readonly RelayId[]): this {
    this.written.push({ kind: 'stored', index, holders });
    return this;
  }

  abandon({ id, bodyHash }: TestChunk): this {
    this.written.push({ kind: 'abandoned', id, bodyHash });
    return this;
  }

  finish(): this {
    this.written.push({ kind: 'finished', manifestId: this.manifestId });
    this.complete = true;
    return this;
  }

  async *entries(): AsyncGenerator<JournalEntry> {
    for (const entry of [...this.written]) yield await Promise.resolve(entry);
  }

  append(entries: readonly JournalEntry[]): Promise<void> {
    this.written.push(...entries);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  kinds(): string[] {
    return this.written.map(({ kind }) => kind);
  }
}

export class OwnerDatabase implements OwnedDatabase {
  readonly journals: OwnedUpload[] = [];
  readonly others: ChunkId[] = [];
  readings = 0;

  async *uploads(): AsyncGenerator<OwnedUpload> {
    this.readings++;
    for (const journal of [...this.journals]) yield await Promise.resolve(journal);
  }

  async *otherReferences(): AsyncGenerator<ChunkId> {
    for (const id of [...this.others]) yield await Promise.resolve(id);
  }
}
