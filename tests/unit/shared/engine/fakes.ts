import { createCipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { concatBytes, equalBytes } from '../../../../shared/bytes.ts';
import type { Bytes } from '../../../../shared/bytes.ts';
import { AppError, throwIfAborted } from '../../../../shared/errors.ts';
import { parseChunkId } from '../../../../shared/ids.ts';
import type { ChunkId } from '../../../../shared/ids.ts';
import { BLOCK_BYTES } from '../../../../shared/limits.ts';
import type {
  BlockSource,
  BlockWorkers,
  Journal,
  JournalEntry,
  JournalHeader,
} from '../../../../shared/engine/ports.ts';
import type { OpenJob, SealJob, SealedBlock } from '../../../../shared/format/chunk-types.ts';

const hashOf = (data: Uint8Array): Bytes => new Uint8Array(createHash('sha256').update(data).digest());

/** Deterministic bytes that repeat nowhere. */
export function pseudoRandom(length: number, seed = 'content'): Bytes {
  const key = createHash('sha256').update(seed).digest().subarray(0, 16);
  return new Uint8Array(createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length)));
}

/**
 * Workers that seal within the caller's turn of the event loop, so that virtual time stays in order: AES-CTR instead of
 * the real format, ids as the real format has them. The real one is tested with the formats and across the parts.
 */
export class FakeWorkers implements BlockWorkers {
  readonly concurrency: number;
  sealed = 0;
  opened = 0;
  hashed = 0;
  /** Blocks held at this moment, and the most there ever were. */
  held = 0;
  mostHeld = 0;
  sealFault: (job: SealJob) => Promise<void> = () => Promise.resolve();

  constructor(concurrency = 2) {
    this.concurrency = concurrency;
  }

  async seal(job: SealJob, signal: AbortSignal): Promise<SealedBlock> {
    throwIfAborted(signal);
    this.sealed++;
    await this.sealFault(job);
    const iv = job.iv ?? new Uint8Array(randomBytes(16));
    const body = concatBytes(iv, this.#crypt(job.key, iv, job.block));
    const bodyHash = hashOf(body);
    const token = createHmac('sha256', job.deleteKey).update(bodyHash).digest();
    const chunk = concatBytes(hashOf(token), body);
    const { block } = job;
    const sealed: SealedBlock = {
      id: this.#idOf(chunk),
      chunk,
      bodyHash,
      blockHash: hashOf(block),
      iv,
      compression: 'none',
      size: block.length,
    };
    // As a transfer does: nobody may count on the block after this.
    structuredClone(block.buffer, { transfer: [block.buffer] });
    return sealed;
  }

  open(job: OpenJob, signal: AbortSignal): Promise<Bytes> {
    if (signal.aborted) return Promise.reject(new AppError('ABORTED', 'Cancelled.'));
    this.opened++;
    if (job.chunk.length < 48 || this.#idOf(job.chunk) !== job.id)
      return Promise.reject(new AppError('CORRUPT', 'Wrong bytes.'));
    const body = job.chunk.subarray(32);
    const block = this.#crypt(job.key, body.subarray(0, 16), body.subarray(16));
    if (block.length !== job.size) return Promise.reject(new AppError('CORRUPT', 'Wrong length.'));
    return Promise.resolve(block);
  }

  hash(block: Bytes): Promise<Bytes> {
    this.hashed++;
    return Promise.resolve(hashOf(block));
  }

  #crypt(key: Bytes, iv: Uint8Array, data: Uint8Array): Bytes {
    return new Uint8Array(createCipheriv('aes-128-ctr', key.subarray(0, 16), iv).update(data));
  }

  #idOf(chunk: Bytes): ChunkId {
    const hash = hashOf(concatBytes(chunk.subarray(0, 32), hashOf(chunk.subarray(32))));
    return parseChunkId(Buffer.from(hash).toString('hex'));
  }
}

export class MemorySource implements BlockSource {
  readonly name = 'notes/a file.bin';
  readonly type = 'application/octet-stream';
  content: Bytes;
  changed = false;
  reads = 0;
  beforeRead: (index: number) => Promise<void> | void = () => undefined;

  constructor(content: Bytes) {
    this.content = content;
  }

  get sizeBytes(): number {
    return this.content.length;
  }

  get fingerprint(): string {
    return String(this.content.length);
  }

  async read(index: number): Promise<Bytes> {
    this.reads++;
    await this.beforeRead(index);
    return this.content.slice(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES);
  }

  assertUnchanged(): Promise<void> {
    return this.changed
      ? Promise.reject(new AppError('FILE_CHANGED', 'The file changed while it was read.'))
      : Promise.resolve();
  }
}

export class MemoryJournal implements Journal {
  readonly header: JournalHeader;
  readonly written: JournalEntry[] = [];
  appends = 0;
  beforeAppend: (entries: readonly JournalEntry[]) => Promise<void> | void = () => undefined;

  constructor(source: BlockSource) {
    this.header = {
      uploadId: 'upload-1',
      name: source.name,
      type: source.type,
      sizeBytes: source.sizeBytes,
      fingerprint: source.fingerprint,
      created: '2026-11-23T05:00:00Z',
      mode: 'none',
      key: new Uint8Array(randomBytes(32)),
    };
  }

  async *entries(): AsyncGenerator<JournalEntry> {
    for (const entry of [...this.written]) yield await Promise.resolve(entry);
  }

  async append(entries: readonly JournalEntry[]): Promise<void> {
    this.appends++;
    await this.beforeAppend(entries);
    this.written.push(...entries);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  of<K extends JournalEntry['kind']>(kind: K): Extract<JournalEntry, { kind: K }>[] {
    return this.written.filter((entry): entry is Extract<JournalEntry, { kind: K }> => entry.kind === kind);
  }
}

export const DELETE_KEY = pseudoRandom(32, 'delete key');

export async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Bytes> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return concatBytes(...all);
}

export { equalBytes };
