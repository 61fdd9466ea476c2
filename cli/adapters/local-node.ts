/** One simulated node: a folder with an identity and chunks. It signs real receipts and stores as a relay would. */
import { open, readFile, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fromHex, toHex, utf8 } from '../../shared/bytes.ts';
import type { Bytes } from '../../shared/bytes.ts';
import { sha256 } from '../../shared/crypto/hash.ts';
import { randomBytes } from '../../shared/crypto/random.ts';
import { createSigner } from '../../shared/crypto/sign.ts';
import type { Signer } from '../../shared/crypto/sign.ts';
import { AppError } from '../../shared/errors.ts';
import { chunkIdFrom } from '../../shared/format/chunk.ts';
import { parseChunkId, relayIdFromHash } from '../../shared/ids.ts';
import type { ChunkId, RelayId } from '../../shared/ids.ts';
import { MAX_CHUNK_BYTES } from '../../shared/limits.ts';
import { splitChunk } from '../../shared/protocol/chunk-header.ts';
import { receiptMessage } from '../../shared/protocol/receipt.ts';
import type { Receipt } from '../../shared/protocol/receipt.ts';
import type { ChunkEntry } from '../../shared/protocol/routes.ts';
import { assertTombstoneOf } from '../../shared/protocol/tombstone.ts';
import type { Tombstone } from '../../shared/protocol/tombstone.ts';
import { makeFolder } from './folders.ts';
import { syncFolder, writeFileAtomic } from './atomic-file.ts';
import { errnoOf, ioError } from './io-errors.ts';

const SEED_BYTES = 32;
const HEX_PAIR = /^[0-9a-f]{2}$/;
const CHUNK_NAME = /^[0-9a-f]{64}$/;

export class LocalNode {
  readonly name: string;
  readonly id: RelayId;
  readonly #folder: string;
  readonly #signer: Signer;

  private constructor(name: string, id: RelayId, folder: string, signer: Signer) {
    this.name = name;
    this.id = id;
    this.#folder = folder;
    this.#signer = signer;
  }

  /** Opens `folder`, and makes it when missing. Throws `CORRUPT` for a damaged identity, `IO`. */
  static async open(name: string, folder: string): Promise<LocalNode> {
    const signer = await createSigner(await readOrCreateSeed(folder));
    return new LocalNode(name, relayIdFromHash(await sha256(signer.publicKey)), folder, signer);
  }

  /** Stores a chunk that the caller has verified. Throws `NO_SPACE`, `IO`. */
  async store(id: ChunkId, chunk: Bytes, nonce: string): Promise<Receipt> {
    const path = this.#chunkPath(id);
    try {
      await makeFolder(dirname(path));
      await writeFileAtomic(path, chunk, { replace: true, mode: 0o644 });
    } catch (cause) {
      throw ioError(cause, `Storing a chunk on ${this.name}`);
    }
    const stored = { relay: this.id, chunk: id, size: chunk.length, nonce };
    const signature = await this.#signer.sign(receiptMessage(stored));
    return { ...stored, public_key: toHex(this.#signer.publicKey), signature: toHex(signature) };
  }

  /** The bytes as they lie there, unverified. Throws `NOT_FOUND`, `TOO_LARGE`, `IO`. */
  async read(id: ChunkId): Promise<Bytes> {
    try {
      await using file = await open(this.#chunkPath(id), 'r');
      const { size } = await file.stat();
      if (size > MAX_CHUNK_BYTES)
        throw new AppError('TOO_LARGE', `${this.name} has more bytes than a chunk can be.`);
      const chunk = new Uint8Array(size);
      const { bytesRead } = await file.read(chunk, 0, size, 0);
      return chunk.subarray(0, bytesRead);
    } catch (cause) {
      if (errnoOf(cause) === 'ENOENT')
        throw new AppError('NOT_FOUND', `${this.name} does not have the chunk.`);
      throw ioError(cause, `Reading a chunk of ${this.name}`);
    }
  }

  /** Whether a file is there under this id. */
  async has(id: ChunkId): Promise<boolean> {
    try {
      await using file = await open(this.#chunkPath(id), 'r');
      return (await file.stat()).isFile();
    } catch (cause) {
      if (errnoOf(cause) === 'ENOENT') return false;
      throw ioError(cause, `Reading a chunk of ${this.name}`);
    }
  }

  /** Deletes the chunk that the token is for, if it is here. Throws `FORBIDDEN` for any other token, `IO`. */
  async delete(id: ChunkId, tombstone: Tombstone): Promise<void> {
    assertTombstoneOf(id, tombstone);
    const path = this.#chunkPath(id);
    try {
      await rm(path);
      await syncFolder(dirname(path));
    } catch (cause) {
      if (errnoOf(cause) !== 'ENOENT') throw ioError(cause, `Deleting a chunk of ${this.name}`);
    }
  }

  /** The chunks that are here, by id, from the first after `after`; files that no longer hold their chunk are left out. */
  async *inventory(after: string): AsyncGenerator<ChunkEntry> {
    const root = join(this.#folder, 'chunks');
    for (const first of await namesIn(root, HEX_PAIR)) {
      if (first < after.slice(0, 2)) continue;
      for (const second of await namesIn(join(root, first), HEX_PAIR)) {
        if (first + second < after.slice(0, 4)) continue;
        for (const name of await namesIn(join(root, first, second), CHUNK_NAME)) {
          if (name <= after) continue;
          const entry = await this.#entryOf(parseChunkId(name));
          if (entry !== null) yield entry;
        }
      }
    }
  }

  async #entryOf(id: ChunkId): Promise<ChunkEntry | null> {
    try {
      const { verifier, body } = splitChunk(await this.read(id));
      const bodyHash = await sha256(body);
      if (chunkIdFrom(verifier, bodyHash) !== id) return null;
      const { size, mtimeMs } = await stat(this.#chunkPath(id));
      const hashes = { verifier: toHex(verifier), body_hash: toHex(bodyHash) };
      return { id, size, ...hashes, stored_at: Math.floor(mtimeMs) };
    } catch (cause) {
      const error = ioError(cause, `Reading a chunk of ${this.name}`);
      // Deleted meanwhile, or not a chunk at all.
      if (errnoOf(cause) === 'ENOENT' || ['NOT_FOUND', 'CORRUPT', 'TOO_LARGE'].includes(error.code))
        return null;
      throw error;
    }
  }

  #chunkPath(id: ChunkId): string {
    return join(this.#folder, 'chunks', id.slice(0, 2), id.slice(2, 4), id);
  }
}

/** Names in a folder that look so, in order; none where it does not exist. */
async function namesIn(folder: string, pattern: RegExp): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => pattern.test(name)).sort();
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return [];
    throw ioError(cause, `Reading ${folder}`);
  }
}

async function readOrCreateSeed(folder: string): Promise<Bytes> {
  const path = join(folder, 'identity.key');
  const existing = await readSeed(path);
  if (existing !== null) return existing;
  const seed = randomBytes(SEED_BYTES);
  try {
    await makeFolder(folder);
    await writeFileAtomic(path, utf8(`${toHex(seed)}\n`), { replace: false });
    return seed;
  } catch (cause) {
    // Another process was quicker.
    if (cause instanceof AppError && cause.code === 'CONFLICT') return (await readSeed(path)) ?? seed;
    throw ioError(cause, `Creating ${folder}`);
  }
}

async function readSeed(path: string): Promise<Bytes | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return null;
    throw ioError(cause, `Reading ${path}`);
  }
  if (!/^[0-9a-f]{64}\s*$/.test(text)) throw new AppError('CORRUPT', `${path} is not an identity.`);
  return fromHex(text.trim());
}
