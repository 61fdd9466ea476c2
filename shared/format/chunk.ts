/**
 * A chunk, as stored and sent: `verifier (32) ‖ body`; the body is the raw bytes of a Fernet token over the compressed
 * block. `body hash = SHA-256(body)`, `id = SHA-256(verifier ‖ body hash)`: it commits to the data and to who may delete
 * it. `delete token = HMAC-SHA256(delete key, body hash)`, `verifier = SHA-256(delete token)`.
 */
import { concatBytes, discard, equalBytes } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import type { BlockCodec } from '../codec/block-codec.ts';
import { defaultBackend } from '../crypto/backend.ts';
import type { Backend } from '../crypto/backend.ts';
import { FERNET_IV_BYTES, fernetDecrypt, fernetEncryptInto, fernetTokenLength } from '../crypto/fernet.ts';
import { hmacSha256, sha256, sha256Sync } from '../crypto/hash.ts';
import { randomBytes } from '../crypto/random.ts';
import { AppError } from '../errors.ts';
import { chunkIdFromHash } from '../ids.ts';
import type { ChunkId } from '../ids.ts';
import { BLOCK_BYTES, VERIFIER_BYTES } from '../limits.ts';
import { splitChunk } from '../protocol/chunk-header.ts';
import type { OpenJob, SealJob, SealedBlock } from './chunk-types.ts';

/**
 * Compresses and encrypts a block of 1 to 1,048,576 bytes. The same block, key, IV and mode give the same chunk with
 * the same build of the codec. Throws `BAD_INPUT` for other sizes and malformed keys.
 */
export async function sealBlock(
  { block, key, deleteKey, mode, iv = randomBytes(FERNET_IV_BYTES) }: SealJob,
  codec: BlockCodec,
  backend: Backend = defaultBackend(),
): Promise<SealedBlock> {
  if (block.length === 0 || block.length > BLOCK_BYTES) {
    throw new AppError('BAD_INPUT', `A block is 1 to ${BLOCK_BYTES} bytes.`);
  }
  const blockHash = await sha256(block, backend);
  const { compression, bytes } = await codec.compress(block, mode);
  const sealed = await sealBody(bytes, { key, deleteKey, iv }, backend);
  if (bytes !== block) discard(bytes);
  return { ...sealed, blockHash, iv, compression, size: block.length };
}

export interface SealedBody {
  readonly id: ChunkId;
  /** verifier ‖ body, as stored. */
  readonly chunk: Bytes;
  readonly bodyHash: Bytes;
}

/** The chunk around bytes that are compressed already. Throws `BAD_INPUT` for malformed keys. */
export async function sealBody(
  bytes: Bytes,
  { key, deleteKey, iv }: { readonly key: Bytes; readonly deleteKey: Bytes; readonly iv: Bytes },
  backend: Backend = defaultBackend(),
): Promise<SealedBody> {
  const chunk = new Uint8Array(VERIFIER_BYTES + fernetTokenLength(bytes.length));
  const body = chunk.subarray(VERIFIER_BYTES);
  await fernetEncryptInto(body, bytes, key, iv, backend);
  const bodyHash = await sha256(body, backend);
  const verifier = sha256Sync(await deleteToken(deleteKey, bodyHash, backend));
  chunk.set(verifier);
  return { id: chunkIdFrom(verifier, bodyHash), chunk, bodyHash };
}

/**
 * The plaintext block, after id, MAC, decompression and length have been verified, in this order.
 * Throws `CORRUPT` when any of them is wrong.
 */
export async function openChunk(
  { id, chunk, key, compression, size }: OpenJob,
  codec: BlockCodec,
  backend: Backend = defaultBackend(),
): Promise<Bytes> {
  const bytes = await openBody(id, chunk, key, backend);
  const block = await codec.decompress(bytes, compression, size);
  if (block !== bytes) discard(bytes);
  return block;
}

/** The compressed bytes of a chunk, after its id and MAC have been verified. Throws `CORRUPT`. */
export async function openBody(
  id: ChunkId,
  chunk: Uint8Array,
  key: Uint8Array,
  backend: Backend = defaultBackend(),
): Promise<Bytes> {
  const { verifier, body } = splitChunk(chunk);
  if (chunkIdFrom(verifier, await sha256(body, backend)) !== id) {
    throw new AppError('CORRUPT', 'The chunk’s bytes do not hash to its id.');
  }
  return fernetDecrypt(body, key, backend);
}

/** The id of a stored chunk. Throws `CORRUPT` when its size cannot be that of a chunk. */
export async function chunkIdOf(chunk: Uint8Array, backend: Backend = defaultBackend()): Promise<ChunkId> {
  const { verifier, body } = splitChunk(chunk);
  return chunkIdFrom(verifier, await sha256(body, backend));
}

/** The id from its two parts, for whoever hashes the body while it streams by. 32 bytes each. */
export function chunkIdFrom(verifier: Uint8Array, bodyHash: Uint8Array): ChunkId {
  return chunkIdFromHash(sha256Sync(concatBytes(verifier, bodyHash)));
}

/** What proves the right to delete: 32 bytes. */
export function deleteToken(
  deleteKey: Uint8Array,
  bodyHash: Uint8Array,
  backend: Backend = defaultBackend(),
): Promise<Bytes> {
  return hmacSha256(deleteKey, bodyHash, backend);
}

/** Whether this chunk was made with `deleteKey`: how a device recognises its own in any inventory. */
export async function isOwnChunk(
  deleteKey: Uint8Array,
  chunk: { readonly verifier: Uint8Array; readonly bodyHash: Uint8Array },
  backend: Backend = defaultBackend(),
): Promise<boolean> {
  const expected = sha256Sync(await deleteToken(deleteKey, chunk.bodyHash, backend));
  return equalBytes(expected, chunk.verifier);
}
