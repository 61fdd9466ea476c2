import type { BlockCodec } from './block-codec.ts';
import { createBlockCodec } from './block-codec.ts';
import { loadXz } from './xz.ts';

/**
 * A codec that loads liblzma with its first block, so that its owner can answer at once. `loadWasm` gives the
 * WebAssembly binary; what it throws, the block's caller gets, and the next block tries again.
 */
export function createLazyCodec(loadWasm: () => Promise<ArrayBuffer>): BlockCodec {
  let loading: Promise<BlockCodec> | null = null;

  async function load(): Promise<BlockCodec> {
    return createBlockCodec(await loadXz(await loadWasm()));
  }

  function codec(): Promise<BlockCodec> {
    loading ??= load().catch((cause: unknown) => {
      loading = null;
      throw cause;
    });
    return loading;
  }

  return {
    compress: async (block, mode) => (await codec()).compress(block, mode),
    decompress: async (bytes, compression, sizeBytes) =>
      (await codec()).decompress(bytes, compression, sizeBytes),
  };
}
