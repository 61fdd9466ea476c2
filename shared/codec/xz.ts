/**
 * `.xz` (https://tukaani.org/xz/xz-file-format.txt) by liblzma in WebAssembly: one stream of one block, LZMA2, preset
 * `1 | EXTREME` (dictionary 1 MiB, as much as a block), integrity check CRC32. CRC32 is the check that every decoder must
 * have, and the token's MAC has vouched for the bytes before they get here (docs/adr/0001).
 */
import createLzma from 'node-liblzma/wasm/liblzma.js';
import type { Bytes } from '../bytes.ts';
import { AppError } from '../errors.ts';
import { BLOCK_BYTES } from '../limits.ts';

const PRESET = (1 | 0x80000000) >>> 0;
const CHECK_CRC32 = 1;
const LZMA_OK = 0;
const LZMA_MEM_ERROR = 5;
const LZMA_BUF_ERROR = 10;
/** The decoder of a 1 MiB dictionary takes about 1.1 MiB; a stream that asks for more was not made from a block. */
const DECODER_MEMORY_BYTES = 2n * 1024n * 1024n;
/** What xz adds to a block that does not shrink: headers, index and a few bytes for each 64 KiB. */
const FRAME_BYTES = 1024;
const BUFFER_BYTES = BLOCK_BYTES + FRAME_BYTES;
/** Scratch for liblzma's out-parameters: input position (4), output position (4), memory limit (8). */
const SCRATCH_BYTES = 16;

/** The part of Emscripten's module that is used. Views are replaced when the memory grows, so they are never kept. */
interface LzmaModule {
  readonly HEAPU8: Uint8Array<ArrayBuffer>;
  readonly HEAPU32: Uint32Array;
  readonly HEAPU64: BigUint64Array;
  _malloc(sizeBytes: number): number;
  _lzma_easy_buffer_encode(
    preset: number,
    check: number,
    allocator: 0,
    input: number,
    inputBytes: number,
    output: number,
    outputPosition: number,
    outputBytes: number,
  ): number;
  _lzma_stream_buffer_decode(
    memoryLimit: number,
    flags: 0,
    allocator: 0,
    input: number,
    inputPosition: number,
    inputBytes: number,
    output: number,
    outputPosition: number,
    outputBytes: number,
  ): number;
}

export interface XzCodec {
  /** The block as an `.xz` stream, or null when it would take more than `maxBytes`. At most one block. */
  encode(block: Uint8Array, maxBytes: number): Bytes | null;
  /** Exactly `sizeBytes` (at most one block) of plaintext. Throws `CORRUPT` for anything else, without unpacking more. */
  decode(stream: Uint8Array, sizeBytes: number): Bytes;
  /** The same for plaintext of unknown size, at most `maxBytes`. */
  decodeUpTo(stream: Uint8Array, maxBytes: number): Bytes;
}

/**
 * One instance of liblzma with its buffers, allocated once: about 3 MB, and 15 MB after the first encode. One per
 * worker. `wasmBinary` is `node-liblzma/wasm/liblzma.wasm`; a service worker may not load it by itself.
 */
export async function loadXz(wasmBinary: BufferSource): Promise<XzCodec> {
  const lzma = (await createLzma({ wasmBinary })) as unknown as LzmaModule;
  const input = allocate(lzma, BUFFER_BYTES);
  const output = allocate(lzma, BUFFER_BYTES);
  const scratch = allocate(lzma, SCRATCH_BYTES);
  const inputPosition = scratch;
  const outputPosition = scratch + 4;
  const memoryLimit = scratch + 8;

  function decodeUpTo(stream: Uint8Array, maxBytes: number): Bytes {
    if (maxBytes > BLOCK_BYTES || stream.length > BUFFER_BYTES) throw corrupt();
    lzma.HEAPU8.set(stream, input);
    lzma.HEAPU32[inputPosition / 4] = 0;
    lzma.HEAPU32[outputPosition / 4] = 0;
    lzma.HEAPU64[memoryLimit / 8] = DECODER_MEMORY_BYTES;
    const result = lzma._lzma_stream_buffer_decode(
      memoryLimit,
      0,
      0,
      input,
      inputPosition,
      stream.length,
      output,
      outputPosition,
      maxBytes,
    );
    if (result === LZMA_MEM_ERROR) throw new AppError('INTERNAL', 'Out of memory while decompressing.');
    // Bytes after the stream are left unread, and are no part of a chunk.
    if (result !== LZMA_OK || lzma.HEAPU32[inputPosition / 4] !== stream.length) throw corrupt();
    return lzma.HEAPU8.slice(output, output + (lzma.HEAPU32[outputPosition / 4] ?? 0));
  }

  return {
    encode(block, maxBytes) {
      if (block.length > BLOCK_BYTES) throw new AppError('BAD_INPUT', 'A block is at most 1 MiB.');
      lzma.HEAPU8.set(block, input);
      lzma.HEAPU32[outputPosition / 4] = 0;
      const capacity = Math.min(maxBytes, BUFFER_BYTES);
      const result = lzma._lzma_easy_buffer_encode(
        PRESET,
        CHECK_CRC32,
        0,
        input,
        block.length,
        output,
        outputPosition,
        capacity,
      );
      if (result === LZMA_BUF_ERROR) return null;
      if (result !== LZMA_OK) throw new AppError('INTERNAL', `liblzma could not encode (${result}).`);
      return lzma.HEAPU8.slice(output, output + (lzma.HEAPU32[outputPosition / 4] ?? 0));
    },

    decodeUpTo,

    decode(stream, sizeBytes) {
      const plaintext = decodeUpTo(stream, sizeBytes);
      if (plaintext.length !== sizeBytes) throw corrupt();
      return plaintext;
    },
  };
}

function allocate(lzma: LzmaModule, sizeBytes: number): number {
  const pointer = lzma._malloc(sizeBytes);
  if (pointer === 0) throw new AppError('INTERNAL', 'liblzma got no memory.');
  return pointer;
}

function corrupt(): AppError {
  return new AppError('CORRUPT', 'The data does not decompress to the promised size.');
}
