import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toBase64Url, utf8 } from '../../../../shared/bytes.ts';
import {
  CATALOG_CACHE_MS,
  CATALOG_READ_TIMEOUT_MS,
  CATALOG_SHARDS,
  CATALOG_WRITE_TIMEOUT_MS,
} from '../../../../shared/limits.ts';
import { catalogList, catalogShardOf } from '../../../../shared/protocol/catalog.ts';
import type { CatalogPage, CatalogQuery } from '../../../../shared/protocol/catalog-routes.ts';
import { signEntry, signRemoval } from '../../../../shared/protocol/records.ts';
import { until } from '../../../helpers/until.ts';
import { CatalogRig, signed, signedValue, signerOf } from './catalog-rig.ts';

let rig: CatalogRig;
beforeEach(async () => {
  rig = await CatalogRig.start();
});
afterEach(() => rig[Symbol.asyncDispose]());

const never = (): AbortSignal => new AbortController().signal;
const failing = (code: string) => expect.objectContaining({ code }) as Error;
const page = (query: CatalogQuery = {}): Promise<CatalogPage> => rig.catalog.page(query, never());

async function allPages(
  query: CatalogQuery,
): Promise<{ rows: CatalogPage['entries']; skipped: number; pages: number }> {
  const rows: CatalogPage['entries'] = [];
  let [skipped, pages] = [0, 0];
  let cursor: string | null = null;
  do {
    const answer: CatalogPage = await page(cursor === null ? query : { ...query, cursor });
    rows.push(...answer.entries);
    skipped += answer.skipped;
    pages++;
    cursor = answer.next;
  } while (cursor !== null);
  return { rows, skipped, pages };
}

describe('publishing', () => {
  it('shows at once what was published here, with all that a client needs to check it', async () => {
    expect((await page()).entries).toEqual([]);
    const { entry, id } = await signed(await signerOf(1), { name: 'Thesis.pdf' });
    expect(await rig.catalog.publish(entry, never())).toEqual({ id, holders: [] });
    const { entries, skipped, unreachable, next } = await page();
    expect({ skipped, unreachable, next }).toEqual({ skipped: 0, unreachable: 0, next: null });
    expect(entries).toEqual([
      {
        id,
        ...entry,
        name: 'Thesis.pdf',
        size: 2_500_000,
        type: 'application/pdf',
        created: '2026-11-23T05:00:00Z',
        link: `lanvault:${'ab'.repeat(32)}#${toBase64Url(new Uint8Array(32).fill(9), { padding: false })}`,
      },
    ]);
  });

  it('refuses what is no publication, and what its signer has not signed', async () => {
    const signer = await signerOf(1);
    const junk = await signedValue(signer, toBase64Url(utf8('{"v":1,"n":"<script>"}'), { padding: false }));
    await expect(rig.catalog.publish(junk.entry, never())).rejects.toThrow(failing('BAD_INPUT'));
    const { entry } = await signed(signer);
    const forged = { ...entry, signature: '00'.repeat(64) };
    await expect(rig.catalog.publish(forged, never())).rejects.toThrow(failing('FORBIDDEN'));
    // Signed for another list, of the catalog or not, it is nothing here.
    const shard = (catalogShardOf(entry.public_key) + 1) % CATALOG_SHARDS;
    const elsewhere = await signEntry(signer, catalogList(shard), entry.value);
    await expect(rig.catalog.publish(elsewhere, never())).rejects.toThrow(failing('FORBIDDEN'));
    expect((await page()).entries).toEqual([]);
  });

  it('gives up on holders that do not answer', async () => {
    const { entry } = await signed(await signerOf(1));
    rig.records.append = () => new Promise(() => undefined);
    const publishing = rig.catalog.publish(entry, never());
    publishing.catch(() => undefined);
    await until(() => rig.clock.sleeping > 0, 'the deadline runs');
    rig.clock.advance(CATALOG_WRITE_TIMEOUT_MS);
    await expect(publishing).rejects.toThrow(failing('TIMEOUT'));
  });
});

describe('unpublishing', () => {
  it('is for the signer alone, and gone for good', async () => {
    const { entry, id, list, signer } = await signed(await signerOf(1));
    await rig.catalog.publish(entry, never());
    for (let other = 2; other < 60; other++) {
      const removal = await signRemoval(await signerOf(other), list, id);
      const attempt = rig.catalog.unpublish(id, removal, never());
      // Most others belong to another shard, for which this signature does not hold.
      await expect(attempt).rejects.toThrow(failing('FORBIDDEN'));
    }
    const removal = await signRemoval(signer, list, id);
    const claimed = { ...removal, signature: '11'.repeat(64) };
    await expect(rig.catalog.unpublish(id, claimed, never())).rejects.toThrow(failing('FORBIDDEN'));
    await expect(rig.catalog.unpublish('00'.repeat(32), removal, never())).rejects.toThrow(
      failing('BAD_INPUT'),
    );
    expect((await page()).entries).toHaveLength(1);
    expect(await rig.catalog.unpublish(id, removal, never())).toEqual({ id, holders: [] });
    expect((await page()).entries).toEqual([]);
    await rig.catalog.unpublish(id, removal, never());
    await expect(rig.catalog.publish(entry, never())).rejects.toThrow(failing('DELETED'));
  });
});

describe('hostile lists', () => {
  it('shows one entry of a signer with a thousand, always the same', async () => {
    const signer = await signerOf(1);
    const ids: string[] = [];
    for (let i = 0; i < 1000; i++) {
      const { list, entry, id } = await signed(signer, { name: `spam ${i}` });
      rig.records.plant(list, entry);
      ids.push(id);
    }
    const honest = await signed(await signerOf(2), { name: 'honest' });
    rig.records.plant(honest.list, honest.entry);
    const { rows, skipped } = await allPages({});
    expect(skipped).toBe(999);
    expect(rows.map(({ name }) => name)).toContain('honest');
    expect(rows.map(({ id }) => id).sort()).toEqual([honest.id, ids.sort()[0]].sort());
  });

  it('skips and counts what is malformed, too long or in a shard not its own', async () => {
    const value = (text: string): string => toBase64Url(utf8(text), { padding: false });
    const bad = [
      value('not JSON'),
      value('{}'),
      value('x'.repeat(1025)),
      '!!!',
      'A',
      value('{"v":1,"n":"a\\u202eb","s":1,"t":"a/b"}'),
    ];
    for (const [number, each] of bad.entries()) {
      const { publicKey } = await signerOf(number);
      const public_key = Buffer.from(publicKey).toString('hex');
      const list = catalogList(catalogShardOf(public_key));
      const entry = { public_key, value: each, signature: '00'.repeat(64) };
      rig.records.plantAs(`bad ${number}`, list, entry);
    }
    const { entry } = await signed(await signerOf(100));
    rig.records.plant(catalogList((catalogShardOf(entry.public_key) + 1) % CATALOG_SHARDS), entry);
    expect(await page()).toEqual({ entries: [], skipped: bad.length + 1, unreachable: 0, next: null });
  });
});

describe('reading', () => {
  it('gives every row once, whatever the page size, and counts the skipped once', async () => {
    const expected: string[] = [];
    for (let i = 0; i < 60; i++) {
      const { list, entry, id } = await signed(await signerOf(i), { name: `file ${i}` });
      rig.records.plant(list, entry);
      expected.push(id);
      if (i % 10 === 0) rig.records.plant(list, (await signedValue(await signerOf(i), 'AAAA')).entry);
    }
    for (const limit of [1, 2, 3, 7, 59, 60, 61, 1000]) {
      const { rows, skipped, pages } = await allPages({ limit });
      expect(rows.map(({ id }) => id).sort()).toEqual([...expected].sort());
      expect(skipped).toBe(6);
      expect(pages).toBeLessThanOrEqual(Math.ceil(60 / limit) + 1);
    }
  });

  it('finds names by a part of them, whatever the case or composition', async () => {
    for (const [i, name] of ['Grüße.txt', 'gru\u0308sse.TXT', 'photo.jpg', 'ﬁle'].entries()) {
      const { list, entry } = await signed(await signerOf(i), { name });
      rig.records.plant(list, entry);
    }
    const found = async (q: string): Promise<string[]> =>
      (await allPages({ q, limit: 1 })).rows.map(({ name }) => name).sort();
    expect(await found('GRÜ')).toEqual(['Grüße.txt', 'gru\u0308sse.TXT'].sort());
    expect(await found('.jPg')).toEqual(['photo.jpg']);
    expect(await found('FILE')).toEqual(['ﬁle']);
    expect(await found('.*')).toEqual([]);
    expect(await found('')).toHaveLength(4);
  });

  it('reads a shard once for all who ask, until a few seconds are over', async () => {
    const { list, entry } = await signed(await signerOf(1));
    await Promise.all([page(), page({ q: 'x' }), page()]);
    expect([...rig.records.reads.values()]).toEqual(Array.from({ length: 16 }, () => 1));
    await rig.records.append(list, entry);
    expect((await page()).entries).toEqual([]);
    await until(() => rig.clock.sleeping === CATALOG_SHARDS, 'what was read is to be forgotten');
    rig.clock.advance(CATALOG_CACHE_MS);
    await until(async () => (await page()).entries.length === 1, 'it is read anew');
  });

  it('answers without the shards that cannot be read, and says how many', async () => {
    const gone = await signed(await signerOf(1));
    const here = await signed(await signerOf(2), { name: 'here' });
    expect(gone.list).not.toBe(here.list);
    for (const { list, entry } of [gone, here]) rig.records.plant(list, entry);
    rig.records.unreachable.add(gone.list);
    const { entries, unreachable } = await page();
    expect(entries.map(({ name }) => name)).toEqual(['here']);
    expect(unreachable).toBe(1);
  });

  it('does not wait for holders that are silent', async () => {
    const silent = await signed(await signerOf(1));
    rig.records.silent.add(silent.list);
    const reading = page();
    await until(() => rig.clock.sleeping === CATALOG_SHARDS, 'one deadline runs, fifteen shards are read');
    rig.clock.advance(CATALOG_READ_TIMEOUT_MS);
    expect(await reading).toMatchObject({ unreachable: 1 });
  });

  it('fails when nothing can be read, and when a reader leaves the others stay', async () => {
    for (let shard = 0; shard < CATALOG_SHARDS; shard++) rig.records.silent.add(catalogList(shard));
    const leaving = new AbortController();
    const left = rig.catalog.page({}, leaving.signal);
    const stayed = page();
    leaving.abort();
    await expect(left).rejects.toThrow(failing('ABORTED'));
    rig.clock.advance(CATALOG_READ_TIMEOUT_MS);
    await expect(stayed).rejects.toThrow(failing('UNAVAILABLE'));
    expect([...rig.records.reads.values()].every((count) => count === 1)).toBe(true);
  });

  it('ends with its relay', async () => {
    for (let shard = 0; shard < CATALOG_SHARDS; shard++) rig.records.silent.add(catalogList(shard));
    const reading = page();
    rig.stop();
    await expect(reading).rejects.toThrow(failing('ABORTED'));
    expect(rig.clock.sleeping).toBe(0);
  });

  it('takes no cursor that it has not given', async () => {
    await expect(page({ cursor: '10'.padEnd(66, '0') })).rejects.toThrow(failing('BAD_INPUT'));
  });
});
