import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { createLazyCodec } from '../../../../shared/codec/lazy-codec.ts';

const wasmFile = createRequire(import.meta.url).resolve('node-liblzma/wasm/liblzma.wasm');
const wasm = async (): Promise<ArrayBuffer> => new Uint8Array(await readFile(wasmFile)).buffer;

describe('createLazyCodec', () => {
  it('loads once, with the first block', async () => {
    let loads = 0;
    const codec = createLazyCodec(() => {
      loads++;
      return wasm();
    });
    expect(loads).toBe(0);
    const block = new Uint8Array(10_000).fill(65);
    const [{ compression, bytes }] = await Promise.all([
      codec.compress(block, 'smallest'),
      codec.compress(block.slice(), 'fast'),
    ]);
    expect(compression).toBe('xz');
    expect(await codec.decompress(bytes, compression, block.length)).toEqual(block);
    expect(loads).toBe(1);
  });

  it('tells of a failed load, and tries again', async () => {
    let fails = true;
    const codec = createLazyCodec(() => (fails ? Promise.reject(new Error('offline')) : wasm()));
    await expect(codec.compress(new Uint8Array(9), 'none')).rejects.toThrow('offline');
    fails = false;
    expect((await codec.compress(new Uint8Array(9), 'none')).compression).toBe('none');
  });
});
