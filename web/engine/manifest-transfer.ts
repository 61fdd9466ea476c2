/** Manifests in and out as `.manifest` files. */
import { computeManifestId, parseManifest, serializeManifest } from '../../shared/format/manifest.ts';
import type { Manifest } from '../../shared/format/manifest-types.ts';
import type { StoredFile } from './contract.ts';
import type { LocalStores } from './local-stores.ts';

/** Parsed between two turns of the event loop, so that the page stays responsive with a manifest of any size. */
const SLICE_BYTES = 64 * 1024;

export async function exportManifest(manifest: Manifest): Promise<Blob> {
  const parts: Blob[] = [];
  // Blobs live with the browser: the text of the largest manifest is 150 MB.
  for await (const part of serializeManifest(manifest)) parts.push(new Blob([part]));
  return new Blob(parts, { type: 'application/json' });
}

/** Throws `CORRUPT`, `UNSUPPORTED`, `TOO_LARGE` for what is not a manifest. */
export async function importManifest({ files, journals }: LocalStores, text: Blob): Promise<StoredFile> {
  const manifest = await parseManifest(slices(text));
  const id = await computeManifestId(manifest);
  return files.add(id, manifest, { minReplicas: null, uploadId: await journals.uploadOf(id) });
}

async function* slices(text: Blob): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < text.size; start += SLICE_BYTES) {
    yield new Uint8Array(await text.slice(start, start + SLICE_BYTES).arrayBuffer());
  }
}
