import { expect, test } from 'vitest';
import {
  ChunkTable,
  computeManifestId,
  parseManifest,
  serializeManifest,
} from '../../shared/format/manifest.ts';
import type { Manifest } from '../../shared/format/manifest-types.ts';
import { parseChunkId } from '../../shared/ids.ts';
import { BLOCK_BYTES, MAX_CHUNKS_PER_FILE, MAX_MANIFEST_BYTES } from '../../shared/limits.ts';

const idOf = (index: number) => parseChunkId((index + 1).toString(16).padStart(64, '0'));

test('the manifest of a 1 TiB file, 2²⁰ chunks, is read in memory for its packed rows; one chunk more is refused', async () => {
  const rows = new ChunkTable();
  const row = (index: number) =>
    ({ index, id: idOf(index), size: BLOCK_BYTES, compression: 'zlib' }) as const;
  for (let index = 0; index < MAX_CHUNKS_PER_FILE; index++) rows.append(row(index));
  expect(() => {
    rows.append(row(MAX_CHUNKS_PER_FILE));
  }).toThrow(expect.objectContaining({ code: 'CORRUPT' }));

  const header = {
    filename: 'disk.img',
    type: 'application/octet-stream',
    size: MAX_CHUNKS_PER_FILE * BLOCK_BYTES,
    created: '2026-11-23T05:00:00Z',
    key: new Uint8Array(32),
    merkleRoot: rows.merkleRoot,
  };
  // Rows made up as they are asked for: only the parsed table takes memory below.
  const manifest: Manifest = { header, rows: { length: MAX_CHUNKS_PER_FILE, at: row } };
  let textBytes = 0;
  let peakBytes = 0;
  const baseBytes = process.memoryUsage().arrayBuffers;
  async function* measured(): AsyncGenerator<Uint8Array> {
    for await (const part of serializeManifest(manifest)) {
      textBytes += part.length;
      peakBytes = Math.max(peakBytes, process.memoryUsage().arrayBuffers - baseBytes);
      yield part;
    }
  }
  const parsed = await parseManifest(measured());
  expect(parsed.rows.length).toBe(MAX_CHUNKS_PER_FILE);
  expect(parsed.rows.at(MAX_CHUNKS_PER_FILE - 1)).toEqual(row(MAX_CHUNKS_PER_FILE - 1));
  expect(await computeManifestId(parsed)).toBe(await computeManifestId(manifest));
  expect(textBytes).toBeLessThan(MAX_MANIFEST_BYTES);
  // 33 bytes a row, and what the collector has not yet taken of the text.
  expect(peakBytes).toBeLessThan(33 * MAX_CHUNKS_PER_FILE + 64 * 2 ** 20);
});
