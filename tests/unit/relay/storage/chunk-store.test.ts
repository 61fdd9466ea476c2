import { readFile, readdir, stat, truncate, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { AppError } from '../../../../shared/errors.ts';
import { MAX_CHUNK_BYTES, MIN_CHUNK_BYTES } from '../../../../shared/limits.ts';
import type { ChunkStore } from '../../../../relay/storage/chunk-store.ts';
import { nodeFileOps } from '../../../../relay/storage/file-ops.ts';
import { idOf, sampleChunk, silentLog } from '../fixtures.ts';
import { FaultyFiles } from './faulty-files.ts';
import { StoreRig, codeOf } from './store-rig.ts';

let rig: StoreRig;

beforeEach(async () => {
  rig = await StoreRig.create();
});
afterEach(() => rig[Symbol.asyncDispose]());

async function* pieces(bytes: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    await Promise.resolve();
    yield bytes.subarray(at, at + pieceBytes);
  }
}

describe('storing', () => {
  it('keeps a chunk byte for byte under its id, in the folders of its prefix', async () => {
    const store = await rig.open();
    const { id, bytes } = sampleChunk();
    expect(await store.put(id, pieces(bytes, 7))).toBe(4000);
    expect(new Uint8Array(await readFile(rig.fileOf(id)))).toEqual(bytes);
    expect(await store.read(id)).toEqual(bytes);
    const { sizeBytes, stream } = await store.openStream(id);
    expect(sizeBytes).toBe(4000);
    expect(new Uint8Array(await buffer(stream))).toEqual(bytes);
    expect(store.has(id)).toBe(true);
    expect(store.usage).toEqual({ chunks: 1, bytes: 4000 });
    expect(await rig.tempNames()).toEqual([]);
  });

  it('refuses bytes that do not hash to the id, and leaves nothing behind', async () => {
    const store = await rig.open();
    const { id } = sampleChunk();
    expect(await codeOf(store.put(id, [sampleChunk().bytes]))).toBe('HASH_MISMATCH');
    expect(await rig.tempNames()).toEqual([]);
    expect(await readdir(path.join(rig.dir, 'chunks'))).toEqual([]);
    expect(store.usage).toEqual({ chunks: 0, bytes: 0 });
    expect(await codeOf(store.read(id))).toBe('NOT_FOUND');
  });

  it('takes the smallest and the largest chunk, and neither a byte less nor more', async () => {
    const store = await rig.open();
    for (const sizeBytes of [MIN_CHUNK_BYTES, MAX_CHUNK_BYTES]) {
      const { id, bytes } = sampleChunk(sizeBytes);
      await store.put(id, pieces(bytes, 65_536));
      expect(await store.read(id)).toEqual(bytes);
    }
    const small = sampleChunk(MIN_CHUNK_BYTES - 1);
    expect(await codeOf(store.put(small.id, [small.bytes]))).toBe('BAD_INPUT');
    const large = sampleChunk(MAX_CHUNK_BYTES + 1);
    expect(await codeOf(store.put(large.id, pieces(large.bytes, 65_536)))).toBe('TOO_LARGE');
    expect(await rig.tempNames()).toEqual([]);
  });

  it('stops reading a source that is too large', async () => {
    const store = await rig.open();
    let given = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        await Promise.resolve();
        given += 65_536;
        yield new Uint8Array(65_536);
      }
    }
    expect(await codeOf(store.put(sampleChunk().id, endless()))).toBe('TOO_LARGE');
    expect(given).toBeLessThanOrEqual(MAX_CHUNK_BYTES + 65_536);
  });

  it('leaves nothing when the source breaks off', async () => {
    const store = await rig.open();
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(new Uint8Array(500));
      throw new AppError('ABORTED', 'gone');
    }
    expect(await codeOf(store.put(sampleChunk().id, broken()))).toBe('ABORTED');
    expect(await rig.tempNames()).toEqual([]);
  });

  it('arbitrary bytes are refused or can be read back', async () => {
    const store = await rig.open();
    const size = fc.oneof(fc.nat(300), fc.constantFrom(MAX_CHUNK_BYTES, MAX_CHUNK_BYTES + 1));
    await fc.assert(
      fc.asyncProperty(size, fc.nat(255), fc.boolean(), async (sizeBytes, fill, honest) => {
        const bytes = new Uint8Array(sizeBytes).fill(fill);
        const id = honest ? idOf(bytes) : sampleChunk().id;
        const code = await store.put(id, [bytes]).then(
          () => 'stored',
          (error: unknown) => (error instanceof AppError ? error.code : 'crash'),
        );
        const possible = sizeBytes >= MIN_CHUNK_BYTES && sizeBytes <= MAX_CHUNK_BYTES;
        expect(code === 'stored').toBe(honest && possible);
        expect(['stored', 'HASH_MISMATCH', 'BAD_INPUT', 'TOO_LARGE']).toContain(code);
        if (code === 'stored') expect(await store.read(id)).toEqual(bytes);
        else expect(await codeOf(store.read(id))).toBe('NOT_FOUND');
      }),
      { numRuns: 60 },
    );
  });
});

describe('storing again', () => {
  it('does not rewrite what is there', async () => {
    const store = await rig.open();
    const { id, bytes } = sampleChunk();
    await store.put(id, [bytes]);
    const before = await stat(rig.fileOf(id));
    await store.put(id, [bytes]);
    const after = await stat(rig.fileOf(id));
    expect(after.ino).toBe(before.ino);
    expect(store.usage).toEqual({ chunks: 1, bytes: 4000 });
  });

  it('does not take other bytes for a chunk that it has', async () => {
    const store = await rig.open();
    const { id, bytes } = sampleChunk();
    await store.put(id, [bytes]);
    expect(await codeOf(store.put(id, [sampleChunk().bytes]))).toBe('HASH_MISMATCH');
    expect(await store.read(id)).toEqual(bytes);
  });

  it.each([
    ['gone', (file: string) => unlink(file)],
    ['cut short', (file: string) => truncate(file, 100)],
    ['emptied', (file: string) => truncate(file, 0)],
    ['overwritten', (file: string) => writeFile(file, new Uint8Array(4000))],
  ])('writes it anew when the file is %s', async (_, damage) => {
    const store = await rig.open();
    const { id, bytes } = sampleChunk();
    await store.put(id, [bytes]);
    await damage(rig.fileOf(id));
    await store.put(id, [bytes]);
    expect(await store.read(id)).toEqual(bytes);
    expect(store.usage).toEqual({ chunks: 1, bytes: 4000 });
  });

  it('lets two writers of one chunk both succeed', async () => {
    const store = await rig.open();
    const { id, bytes } = sampleChunk();
    await Promise.all([store.put(id, pieces(bytes, 100)), store.put(id, pieces(bytes, 900))]);
    expect(await store.read(id)).toEqual(bytes);
    expect(store.usage).toEqual({ chunks: 1, bytes: 4000 });
    expect(await rig.tempNames()).toEqual([]);
  });
});

describe('reading', () => {
  it.each([
    ['vanished', (file: string) => unlink(file)],
    ['shrunk', (file: string) => truncate(file, 3999)],
    ['grown', (file: string) => truncate(file, 4001)],
  ])('a file that has %s is not found, and no longer listed', async (_, damage) => {
    const store = await rig.open();
    const { id, bytes } = sampleChunk();
    await store.put(id, [bytes]);
    await damage(rig.fileOf(id));
    expect(await codeOf(store.read(id))).toBe('NOT_FOUND');
    expect(await codeOf(store.openStream(id))).toBe('NOT_FOUND');
    expect(await store.sizeOf(id)).toBeNull();
    expect(store.inventory('', 10)).toEqual([]);
    expect(store.usage).toEqual({ chunks: 0, bytes: 0 });
  });

  it('sets aside a file whose size changed, without destroying it', async () => {
    const store = await rig.open();
    const { id, bytes } = sampleChunk();
    await store.put(id, [bytes]);
    await truncate(rig.fileOf(id), 200);
    expect(await codeOf(store.read(id))).toBe('NOT_FOUND');
    const aside = await readFile(path.join(rig.dir, 'rotten', id));
    expect(new Uint8Array(aside)).toEqual(bytes.subarray(0, 200));
  });

  it('counts what is set aside as used, until a whole replica or a deletion takes its place', async () => {
    const [first, second] = [sampleChunk(), sampleChunk()];
    const options = { capacityBytes: first.bytes.length + 100 };
    const store = await rig.open(options);
    await store.put(first.id, [first.bytes], first.bytes.length);
    await writeFile(rig.fileOf(first.id), new Uint8Array(first.bytes.length));
    expect(await store.verify(first.id)).toBe(false);
    expect(store.usage.bytes).toBe(0);
    const put = (on: ChunkStore): Promise<unknown> => on.put(second.id, [second.bytes], second.bytes.length);
    expect(await codeOf(put(store))).toBe('NO_SPACE');
    expect(await store.room()).toBe(100);
    await store[Symbol.asyncDispose]();
    const again = await rig.open(options);
    expect(await again.room()).toBe(100);

    await again.put(first.id, [first.bytes], first.bytes.length);
    expect(await again.room()).toBe(100);
    expect(await readdir(path.join(rig.dir, 'rotten'))).toEqual([]);
    await again.drop(first.id);
    await put(again);
  });

  it('takes an unreadable file for not found and tells the operator', async () => {
    const files = new FaultyFiles(rig.dir);
    const errors: string[] = [];
    const log = { ...silentLog, error: (_: object, message: string) => errors.push(message) };
    const store = await rig.open({ ops: files.ops, log });
    const { id, bytes } = sampleChunk();
    await store.put(id, [bytes]);
    files.failOn('read', Object.assign(new Error('bad sector'), { code: 'EIO' }));
    expect(await codeOf(store.read(id))).toBe('NOT_FOUND');
    expect(errors).toEqual(['A chunk file cannot be read']);
    // Could not be read is not gone: the row stays.
    expect(store.has(id)).toBe(true);
  });
});

describe('inventory', () => {
  it('lists id, size, verifier and body hash, in pages by id', async () => {
    const store = await rig.open();
    const chunks = Array.from({ length: 25 }, (_, i) => sampleChunk(200 + i));
    for (const { id, bytes } of chunks) await store.put(id, [bytes]);
    const rows = [];
    let after = '';
    for (;;) {
      const page = store.inventory(after, 10);
      rows.push(...page);
      if (page.length < 10) break;
      after = page.at(-1)?.id ?? '';
    }
    expect(rows.map((row) => row.id)).toEqual(chunks.map(({ id }) => id as string).sort());
    for (const row of rows) {
      const chunk = chunks.find(({ id }) => id === row.id);
      expect(row.size).toBe(chunk?.bytes.length);
      expect(row.verifier).toBe(Buffer.from(chunk?.bytes.subarray(0, 32) ?? []).toString('hex'));
      expect(row.stored_at).toBe(1_000);
    }
  });
});

describe('space', () => {
  it('refuses before the first byte when the capacity is used up', async () => {
    const store = await rig.open({ capacityBytes: 6000 });
    const [first, second] = [sampleChunk(4000), sampleChunk(4000)];
    await store.put(first.id, [first.bytes], 4000);
    let asked = false;
    function* source(): Generator<Uint8Array> {
      asked = true;
      yield second.bytes;
    }
    expect(await codeOf(store.put(second.id, source(), 4000))).toBe('NO_SPACE');
    expect(asked).toBe(false);
    const small = sampleChunk(2000);
    await store.put(small.id, [small.bytes], 2000);
    expect(store.usage.bytes).toBe(6000);
  });

  it('does not let concurrent writes pass the capacity together', async () => {
    const store = await rig.open({ capacityBytes: 10_000 });
    const chunks = Array.from({ length: 8 }, () => sampleChunk(4000));
    const outcomes = await Promise.allSettled(
      chunks.map(({ id, bytes }) => store.put(id, pieces(bytes, 500), 4000)),
    );
    const stored = outcomes.filter(({ status }) => status === 'fulfilled').length;
    expect(stored).toBe(2);
    expect(store.usage.bytes).toBe(8000);
  });

  it('takes an already stored chunk when full', async () => {
    const store = await rig.open({ capacityBytes: 4000 });
    const { id, bytes } = sampleChunk(4000);
    await store.put(id, [bytes], 4000);
    expect(await store.put(id, [bytes], 4000)).toBe(4000);
  });

  it('stores nothing with capacity 0', async () => {
    const store = await rig.open({ capacityBytes: 0 });
    const { id, bytes } = sampleChunk(200);
    expect(await codeOf(store.put(id, [bytes], 200))).toBe('NO_SPACE');
  });

  it('keeps the floor of free space', async () => {
    const ops = { ...nodeFileOps, freeBytes: () => Promise.resolve(10_000) };
    const store = await rig.open({ ops, freeSpaceFloorBytes: 7000 });
    const { id, bytes } = sampleChunk(4000);
    expect(await codeOf(store.put(id, [bytes], 4000))).toBe('NO_SPACE');
    const small = sampleChunk(2000);
    await store.put(small.id, [small.bytes], 2000);
  });

  it.each([
    [20_000, 1000, 'what the disk has above the floor', 9000],
    [6000, 1000, 'what is left of the capacity', 4000],
    [20_000, 20_000, 'nothing', 0],
    [0, 1000, 'nothing without storage', 0],
  ])(
    'with capacity %i and floor %i there is room for %s',
    async (capacityBytes, freeSpaceFloorBytes, _what, room) => {
      const filled = await rig.open();
      const { id, bytes } = sampleChunk(2000);
      await filled.put(id, [bytes], 2000);
      await filled[Symbol.asyncDispose]();
      const ops = { ...nodeFileOps, freeBytes: () => Promise.resolve(10_000) };
      const store = await rig.open({ ops, capacityBytes, freeSpaceFloorBytes });
      expect(await store.room()).toBe(room);
    },
  );

  it('has no room on a disk that cannot be asked', async () => {
    const ops = { ...nodeFileOps, freeBytes: () => Promise.reject(new Error('gone')) };
    expect(await (await rig.open({ ops })).room()).toBe(0);
  });

  it.each(['write', 'sync', 'rename'])(
    'a disk that fills up at the %s is NO_SPACE, and nothing stays',
    async (kind) => {
      const files = new FaultyFiles(rig.dir);
      const store = await rig.open({ ops: files.ops });
      const { id, bytes } = sampleChunk();
      files.failOn(kind, Object.assign(new Error('full'), { code: 'ENOSPC' }));
      expect(await codeOf(store.put(id, [bytes]))).toBe('NO_SPACE');
      expect(await rig.tempNames()).toEqual([]);
      expect(store.has(id)).toBe(false);
    },
  );
});
