/** zlib streams (RFC 1950) by the platform's `CompressionStream('deflate')`, which needs no secure context. */
import type { Bytes } from '../bytes.ts';
import { AppError } from '../errors.ts';
import { BLOCK_BYTES } from '../limits.ts';

/** Bytes fed at once. Deflate expands at most 1032 times, so that a bomb has unpacked 4 MiB at most when it is noticed. */
const SLICE_BYTES = 4096;

/** The block as a zlib stream, or null when it would take more than `maxBytes`. */
export async function deflate(block: Bytes, maxBytes: number): Promise<Bytes | null> {
  return transform(block, block.length, maxBytes, new CompressionStream('deflate'));
}

/** Exactly `sizeBytes` (at most one block) of plaintext. Throws `CORRUPT` for anything else, trailing bytes too. */
export async function inflate(stream: Bytes, sizeBytes: number): Promise<Bytes> {
  if (sizeBytes > BLOCK_BYTES) throw corrupt();
  const bytes = await inflateAtMost(stream, sizeBytes);
  if (bytes?.length !== sizeBytes) throw corrupt();
  return bytes;
}

async function inflateAtMost(stream: Bytes, maxBytes: number): Promise<Bytes | null> {
  try {
    return await transform(stream, SLICE_BYTES, maxBytes, new DecompressionStream('deflate'));
  } catch (cause) {
    // The platform reports damage as a TypeError (W3C Compression Streams §6.1).
    if (cause instanceof TypeError) throw corrupt(cause);
    throw AppError.from(cause);
  }
}

/** All output of the transform, or null (and the rest is not computed) as soon as it is more than `maxBytes`. */
async function transform(
  input: Bytes,
  sliceBytes: number,
  maxBytes: number,
  through: CompressionStream | DecompressionStream,
): Promise<Bytes | null> {
  const reader = slices(input, sliceBytes).pipeThrough(through).getReader();
  const output = new Uint8Array(maxBytes);
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return output.slice(0, length);
    if (length + value.length > maxBytes) {
      await reader.cancel();
      return null;
    }
    output.set(value, length);
    length += value.length;
  }
}

/** Pulled, not pushed: no more is fed than what the reader has taken out. */
function slices(input: Bytes, sliceBytes: number): ReadableStream<Bytes> {
  let offset = 0;
  return new ReadableStream<Bytes>(
    {
      pull(controller) {
        if (offset >= input.length) {
          controller.close();
          return;
        }
        controller.enqueue(input.subarray(offset, offset + sliceBytes));
        offset += sliceBytes;
      },
    },
    { highWaterMark: 0 },
  );
}

function corrupt(cause?: unknown): AppError {
  return new AppError('CORRUPT', 'The data does not decompress to the promised size.', { cause });
}
