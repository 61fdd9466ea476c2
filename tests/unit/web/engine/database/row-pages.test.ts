import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Bytes } from '../../../../../shared/bytes.ts';
import { COMPRESSIONS } from '../../../../../shared/codec/compression.ts';
import { chunkIdFromHash } from '../../../../../shared/ids.ts';
import { BLOCK_BYTES } from '../../../../../shared/limits.ts';
import { PagedRows, ROWS_PER_PAGE, packRows } from '../../../../../web/engine/database/row-pages.ts';

const LAST_BYTES = 77;

const rowAt = (index: number, length: number) => ({
  index,
  id: chunkIdFromHash(createHash('sha256').update(String(index)).digest()),
  size: index === length - 1 ? LAST_BYTES : BLOCK_BYTES,
  compression: COMPRESSIONS[index % 3] ?? 'none',
});

async function paged(length: number) {
  const pages: Bytes[] = [];
  for await (const page of packRows({ length, at: (index) => rowAt(index, length) })) pages.push(page);
  const loads: number[] = [];
  const rows = new PagedRows({
    length,
    fileSizeBytes: length === 0 ? 0 : (length - 1) * BLOCK_BYTES + LAST_BYTES,
    loadPage: (page) => {
      loads.push(page);
      const stored = pages[page];
      return stored === undefined ? Promise.reject(new Error('no such page')) : Promise.resolve(stored);
    },
  });
  return { rows, loads, pages };
}

describe('row pages', () => {
  it.each([0, 1, ROWS_PER_PAGE - 1, ROWS_PER_PAGE, ROWS_PER_PAGE + 1, 2 * ROWS_PER_PAGE + 5])(
    'give back %i rows',
    async (length) => {
      const { rows, pages } = await paged(length);
      expect(pages).toHaveLength(Math.ceil(length / ROWS_PER_PAGE));
      expect(pages.reduce((sum, page) => sum + page.length, 0)).toBe(length * 33);
      for (let index = 0; index < length; index++) {
        expect(await rows.at(index)).toEqual(rowAt(index, length));
      }
      await expect(rows.at(length)).rejects.toMatchObject({ code: 'BAD_INPUT' });
    },
  );

  it('are 33 bytes a row: the raw id, then the compression', async () => {
    const { pages } = await paged(2);
    const id = createHash('sha256').update('1').digest();
    expect(Buffer.from(pages[0]?.subarray(33) ?? [])).toEqual(Buffer.concat([id, Buffer.of(1)]));
  });

  it('are read once for neighbours, and only where they are needed', async () => {
    const { rows, loads } = await paged(3 * ROWS_PER_PAGE);
    await Promise.all([rows.at(ROWS_PER_PAGE), rows.at(ROWS_PER_PAGE + 1), rows.at(2 * ROWS_PER_PAGE - 1)]);
    expect(loads).toEqual([1]);
  });

  it('are not all kept', async () => {
    const length = 6 * ROWS_PER_PAGE;
    const { rows, loads } = await paged(length);
    for (const page of [0, 1, 2, 3, 4, 5]) await rows.at(page * ROWS_PER_PAGE);
    await rows.at(5 * ROWS_PER_PAGE);
    await rows.at(0);
    expect(loads).toEqual([0, 1, 2, 3, 4, 5, 0]);
  });

  it('are tried again after a failed read', async () => {
    let fails = true;
    const { pages } = await paged(1);
    const rows = new PagedRows({
      length: 1,
      fileSizeBytes: LAST_BYTES,
      loadPage: () =>
        fails ? Promise.reject(new Error('busy')) : Promise.resolve(pages[0] ?? new Uint8Array()),
    });
    await expect(rows.at(0)).rejects.toThrow('busy');
    fails = false;
    expect(await rows.at(0)).toEqual(rowAt(0, 1));
  });

  it.each([
    ['short', new Uint8Array(20)],
    ['of another compression', new Uint8Array(33).fill(9)],
  ])('that are %s are CORRUPT', async (_what, page) => {
    const rows = new PagedRows({ length: 1, fileSizeBytes: 5, loadPage: () => Promise.resolve(page) });
    await expect(rows.at(0)).rejects.toMatchObject({ code: 'CORRUPT' });
  });
});
