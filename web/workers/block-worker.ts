/** A worker of the page's pool: compresses, encrypts, and the way back. */
import { expose } from 'comlink';
import wasmUrl from 'node-liblzma/wasm/liblzma.wasm?url';
import { createLazyCodec } from '../../shared/codec/lazy-codec.ts';
import { createBlockWorkerApi } from '../../shared/engine/block-worker-api.ts';
import { AppError } from '../../shared/errors.ts';

expose(createBlockWorkerApi(createLazyCodec(loadWasm)));

async function loadWasm(): Promise<ArrayBuffer> {
  try {
    const response = await fetch(wasmUrl);
    if (response.ok) return await response.arrayBuffer();
    throw new Error(`HTTP ${response.status}`);
  } catch (cause) {
    throw new AppError('UNAVAILABLE', 'The compressor could not be loaded: reload the page.', { cause });
  }
}
