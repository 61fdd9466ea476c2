/** One simulated node: a folder with an identity and chunks. It signs real receipts and stores as a relay would. */
import { open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fromHex, toHex, utf8 } from '../../shared/bytes.ts';
import type { Bytes } from '../../shared/bytes.ts';
import { sha256 } from '../../shared/crypto/hash.ts';
import { randomBytes } from '../../shared/crypto/random.ts';
import { createSigner } from '../../shared/crypto/sign.ts';
import type { Signer } from '../../shared/crypto/sign.ts';
import { AppError } from '../../shared/errors.ts';
import { relayIdFromHash } from '../../shared/ids.ts';
import type { ChunkId, RelayId } from '../../shared/ids.ts';
import { MAX_CHUNK_BYTES } from '../../shared/limits.ts';
import { receiptMessage } from '../../shared/protocol/receipt.ts';
import type { Receipt } from '../../shared/protocol/receipt.ts';
import { makeFolder } from './folders.ts';
import { writeFileAtomic } from './atomic-file.ts';
import { errnoOf, ioError } from './io-errors.ts';

const SEED_BYTES = 32;

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

  #chunkPath(id: ChunkId): string {
    return join(this.#folder, 'chunks', id.slice(0, 2), id.slice(2, 4), id);
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
