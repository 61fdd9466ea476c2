import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseChunkId } from '../../../../shared/ids.ts';
import type { ChunkId } from '../../../../shared/ids.ts';
import { IdTable } from '../../../../shared/engine/owned-ids.ts';

const idOf = (n: number): ChunkId => parseChunkId(createHash('sha256').update(String(n)).digest('hex'));
/** Ids that differ in their last byte only. */
const near = (n: number): ChunkId => parseChunkId('ab'.repeat(31) + n.toString(16).padStart(2, '0'));

it('keeps what a map would keep, through growth and pages', () => {
  const table = new IdTable(4);
  const rows = new Map<ChunkId, number>();
  for (let n = 0; n < 10_000; n++) {
    const id = idOf(n % 7000);
    const row = table.add(id);
    expect(row).toBe(rows.get(id) ?? rows.size);
    rows.set(id, row);
    new DataView(table.payload(row).buffer, table.payload(row).byteOffset).setUint32(0, n % 7000);
  }
  expect(table.length).toBe(7000);
  for (const [id, row] of rows) {
    expect(table.find(id)).toBe(row);
    expect(table.idAt(row)).toBe(id);
    const payload = table.payload(row);
    expect(idOf(new DataView(payload.buffer, payload.byteOffset).getUint32(0))).toBe(id);
  }
  expect(table.find(idOf(7000))).toBe(-1);
});

it('tells apart ids that collide', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(255), { maxLength: 300 }), (numbers) => {
      const table = new IdTable();
      for (const n of numbers) table.add(near(n));
      const distinct = new Set(numbers);
      expect(table.length).toBe(distinct.size);
      for (let n = 0; n < 256; n++) expect(table.find(near(n)) >= 0).toBe(distinct.has(n));
    }),
  );
});
