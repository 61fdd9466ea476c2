import fc from 'fast-check';
import { expect, it } from 'vitest';
import { utf8 } from '../../../../shared/bytes.ts';
import type { ChunkId } from '../../../../shared/ids.ts';
import { MAX_CAPABILITY_PAYLOAD_BYTES } from '../../../../shared/limits.ts';
import { formatRoot, packEntries, parsePart, parseRoot } from '../../../../shared/vault/index-payload.ts';
import { VaultIndex } from '../../../../shared/vault/vault-index.ts';
import { mergeAll, newFile, play, snapshot, steps } from './index-arbitraries.ts';

it('packs entries in any order into the same bytes, and gives them back', () => {
  fc.assert(
    fc.property(steps, (history) => {
      const { devices } = play(history);
      const merged = mergeAll(devices);
      const parts = packEntries(merged.entries());
      expect(packEntries(mergeAll([...devices].reverse()).entries())).toEqual(parts);
      const back = new VaultIndex(new Uint8Array(16));
      for (const part of parts) for (const entry of parsePart(part)) back.merge(entry);
      expect(snapshot(back)).toEqual(snapshot(merged));
    }),
  );
});

it('sends one part anew for one change among thousands, with fields of later versions in it', () => {
  const index = new VaultIndex(new Uint8Array(16));
  for (let i = 0; i < 5000; i++) index.addFile(null, `file ${i}`, newFile(i));
  const [first] = index.entries();
  if (first === undefined) throw new Error('Empty.');
  index.merge({ ...first, ...{ colour: { red: 1 } } });
  const texts = (): Set<string> =>
    new Set(packEntries(index.entries()).map((part) => new TextDecoder().decode(part)));
  const before = texts();
  expect(before.size).toBeGreaterThan(20);
  for (const part of packEntries(index.entries())) expect(part.length).toBeLessThan(128 * 1024);
  index.move(first.id, null, 'renamed');
  const after = texts();
  const changed = [...after].filter((part) => !before.has(part));
  expect(changed).toHaveLength(1);
  const entry = parsePart(utf8(changed[0] ?? '')).find(({ id }) => id === first.id);
  expect(entry).toMatchObject({ colour: { red: 1 }, place: { name: 'renamed' } });
});

it('keeps parts below the size of a payload, however long the names', () => {
  const index = new VaultIndex(new Uint8Array(16));
  for (let i = 0; i < 3000; i++) index.addFolder(null, `${'ß'.repeat(120)} ${i}`);
  for (const part of packEntries(index.entries()))
    expect(part.length).toBeLessThanOrEqual(MAX_CAPABILITY_PAYLOAD_BYTES);
});

it('reads roots and parts, or says CORRUPT, and UNSUPPORTED for a later version', () => {
  const root = {
    devices: ['ab'.repeat(16)],
    parts: [{ id: 'cd'.repeat(32) as ChunkId, key: new Uint8Array(32) }],
  };
  expect(parseRoot(formatRoot(root))).toEqual(root);
  const later = new TextDecoder().decode(formatRoot(root)).replace('"version":1', '"version":2');
  expect(() => parseRoot(utf8(later))).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }));
  const corrupt = expect.objectContaining({ code: 'CORRUPT' }) as Error;
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.json().map(utf8));
  fc.assert(
    fc.property(bytes, (payload) => {
      expect(() => parseRoot(payload)).toThrow(corrupt);
      expect(() => parsePart(payload)).toThrow(corrupt);
    }),
  );
});
