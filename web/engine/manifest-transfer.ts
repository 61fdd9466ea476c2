/** Manifests in and out as `.manifest` files. */
import { computeManifestId, parseManifest, serializeManifest } from '../../shared/format/manifest.ts';
import type { DeletionRights } from '../../shared/format/deletion-rights.ts';
import type { Manifest } from '../../shared/format/manifest-types.ts';
import type { ManifestId } from '../../shared/ids.ts';
import type { StoredFile } from './contract.ts';
import type { LocalStores } from './local-stores.ts';
import { journalOf, rightsToFile } from './sharing/owner-rights.ts';

/** Parsed between two turns of the event loop, so that the page stays responsive with a manifest of any size. */
const SLICE_BYTES = 64 * 1024;

/** Throws as `rightsToFile` for an owner's. */
export async function exportFile(
  stores: LocalStores,
  manifestId: ManifestId,
  manifest: Manifest,
  owner: boolean,
): Promise<Blob> {
  return exportManifest(manifest, owner ? await rightsToFile(manifestId, manifest.rows, stores) : null);
}

async function exportManifest(manifest: Manifest, rights: DeletionRights | null): Promise<Blob> {
  const parts: Blob[] = [];
  // Blobs live with the browser: the text of the largest manifest is 150 MB.
  for await (const part of serializeManifest(manifest, rights)) parts.push(new Blob([part]));
  return new Blob(parts, { type: 'application/json' });
}

/** Throws `CORRUPT`, `UNSUPPORTED`, `TOO_LARGE` for what is not a manifest. */
export async function importManifest(
  { files, journals }: Pick<LocalStores, 'files' | 'journals'>,
  text: Blob,
): Promise<StoredFile> {
  const manifest = await parseManifest(slices(text));
  const id = await computeManifestId(manifest);
  const uploadId = await journalOf(id, manifest, journals);
  return files.add(id, manifest, { minReplicas: null, uploadId });
}

async function* slices(text: Blob): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < text.size; start += SLICE_BYTES) {
    yield new Uint8Array(await text.slice(start, start + SLICE_BYTES).arrayBuffer());
  }
}
