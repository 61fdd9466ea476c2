/** Compression of one block, as chosen by the user's mode and recorded per chunk in the manifest. */
import type { Bytes } from '../bytes.ts';
import { AppError } from '../errors.ts';
import { BLOCK_BYTES, MIN_COMPRESSION_GAIN } from '../limits.ts';
import type { Compression, CompressionMode } from './compression.ts';
import { isCompressible } from './probe.ts';
import type { XzCodec } from './xz.ts';
import { deflate, inflate } from './zlib.ts';

interface CompressedBlock {
  readonly compression: Compression;
  /** With `none`, the block itself, not a copy. */
  readonly bytes: Bytes;
}

export interface BlockCodec {
  /** Compresses at most one block; `none` unless at least `MIN_COMPRESSION_GAIN` is saved. */
  compress(block: Bytes, mode: CompressionMode): Promise<CompressedBlock>;
  /**
   * Exactly `sizeBytes` of plaintext. Throws `CORRUPT` for bytes that are damaged, unpack to another size or are
   * followed by more; never unpacks much past `sizeBytes` to find out.
   */
  decompress(bytes: Bytes, compression: Compression, sizeBytes: number): Promise<Bytes>;
}

export function createBlockCodec(xz: XzCodec): BlockCodec {
  return {
    async compress(block, mode) {
      if (block.length > BLOCK_BYTES) throw new AppError('BAD_INPUT', 'A block is at most 1 MiB.');
      const stored: CompressedBlock = { compression: 'none', bytes: block };
      if (mode === 'none' || block.length === 0 || !isCompressible(block)) return stored;
      const maxBytes = Math.floor(block.length * (1 - MIN_COMPRESSION_GAIN));
      const compression = mode === 'smallest' ? 'xz' : 'zlib';
      const bytes = compression === 'xz' ? xz.encode(block, maxBytes) : await deflate(block, maxBytes);
      return bytes === null ? stored : { compression, bytes };
    },

    async decompress(bytes, compression, sizeBytes) {
      switch (compression) {
        case 'xz':
          return xz.decode(bytes, sizeBytes);
        case 'zlib':
          return inflate(bytes, sizeBytes);
        case 'none':
          if (bytes.length !== sizeBytes) {
            throw new AppError('CORRUPT', 'The data has another size than the manifest promises.');
          }
          return bytes;
      }
    },
  };
}
