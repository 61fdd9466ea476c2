/** What runs inside a worker: the block jobs, with results and errors in a form that crosses `postMessage`. */
import { transfer } from 'comlink';
import { discard } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import type { BlockCodec } from '../codec/block-codec.ts';
import { sha256 } from '../crypto/hash.ts';
import { AppError } from '../errors.ts';
import type { ErrorObject } from '../errors.ts';
import { openChunk, sealBlock } from '../format/chunk.ts';
import type { OpenJob, SealJob, SealedBlock } from '../format/chunk-types.ts';

/** A result or an error: a thrown `AppError` would lose its code on the way. */
export type Envelope<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ErrorObject };

/** Exposed by Comlink; never throws. Results are transferred. */
export interface BlockWorkerApi {
  seal(job: SealJob): Promise<Envelope<SealedBlock>>;
  open(job: OpenJob): Promise<Envelope<Bytes>>;
  hash(block: Bytes): Promise<Envelope<Bytes>>;
}

export function createBlockWorkerApi(codec: BlockCodec): BlockWorkerApi {
  return {
    seal: (job) => enveloped(consuming(job.block, sealBlock(job, codec)), (sealed) => sealed.chunk),
    open: (job) => enveloped(consuming(job.chunk, openChunk(job, codec)), (block) => block),
    hash: (block) => enveloped(consuming(block, sha256(block)), (hash) => hash),
  };
}

/** The job's bytes came by transfer or as a copy: they are this worker's own. */
async function consuming<T>(bytes: Bytes, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } finally {
    discard(bytes);
  }
}

/** `large` picks the part of the result that is worth a transfer; it must own its whole buffer. */
async function enveloped<T extends object>(
  work: Promise<T>,
  large: (value: T) => Bytes,
): Promise<Envelope<T>> {
  try {
    const value = await work;
    const { buffer, byteLength } = large(value);
    const envelope: Envelope<T> = { ok: true, value };
    return byteLength === buffer.byteLength ? transfer(envelope, [buffer]) : envelope;
  } catch (error) {
    return { ok: false, error: AppError.from(error).toObject() };
  }
}
