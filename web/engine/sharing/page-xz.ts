import wasmUrl from 'node-liblzma/wasm/liblzma.wasm?url';
import { loadXz } from '../../../shared/codec/xz.ts';
import type { XzCodec } from '../../../shared/codec/xz.ts';
import { AppError } from '../../../shared/errors.ts';

/** The codec on the page's thread: for manifests behind links, which are small. Throws `UNAVAILABLE`. */
export async function loadPageXz(): Promise<XzCodec> {
  try {
    const response = await fetch(wasmUrl);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return await loadXz(await response.arrayBuffer());
  } catch (cause) {
    throw new AppError('UNAVAILABLE', 'The compressor could not be loaded: reload the page.', { cause });
  }
}
