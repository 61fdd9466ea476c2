/** Each way in which a storage folder can be wrong is told, left alone without `repair`, and mended with it. */
import { chmod, cp, readFile, readdir, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fsck } from '../../../../relay/storage/fsck/fsck.ts';
import type { FsckReport } from '../../../../relay/storage/fsck/fsck.ts';
import { loadOrCreateSeed } from '../../../../relay/storage/identity-file.ts';
import { lockStorage } from '../../../../relay/storage/storage-lock.ts';
import { ownedChunk } from '../deletion-fixtures.ts';
import { sampleChunk } from '../fixtures.ts';
import { StoreRig } from './store-rig.ts';

const KEPT = 5;

let rig: StoreRig;
let chunks: ReturnType<typeof sampleChunk>[];
beforeEach(async () => {
  rig = await StoreRig.create();
  chunks = Array.from({ length: KEPT }, (_, i) => sampleChunk(300 + i));
  await using store = await rig.open();
  for (const { id, bytes } of chunks) await store.put(id, [bytes]);
  await loadOrCreateSeed(path.join(rig.dir, 'identity.key'));
});
afterEach(() => rig[Symbol.asyncDispose]());

const run = (repair: boolean, signal = new AbortController().signal): Promise<FsckReport> =>
  fsck({ dir: rig.dir, repair, now: 2_000, onChunk: () => undefined }, signal);

const found = ({ findings }: FsckReport) =>
  Object.fromEntries(findings.map(({ kind, count, state }) => [kind, [count, state]]));

const index = (): DatabaseSync => new DatabaseSync(path.join(rig.dir, 'dht_index.sqlite'));

/** Every file with its bytes, but for SQLite's own scratch files. */
async function contents(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const entry of await readdir(rig.dir, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (!entry.isFile() || /-(wal|shm|journal)$|relay\.lock$/.test(file)) continue;
    files.set(path.relative(rig.dir, file), (await readFile(file)).toString('base64'));
  }
  return files;
}

/** Checks twice without changing anything, mends, and is sound afterwards. */
async function tellsAndMends(kind: string, count: number, state = 'open'): Promise<FsckReport> {
  const before = await contents();
  const told = await run(false);
  expect(found(told)).toEqual({ [kind]: [count, state] });
  expect(told.sound).toBe(state === 'note');
  expect(await contents()).toEqual(before);
  const mended = await run(true);
  expect(found(mended)).toEqual({ [kind]: [count, state === 'open' ? 'mended' : state] });
  expect(mended.sound).toBe(true);
  const after = await run(false);
  expect(found(after)).toEqual(state === 'note' ? { [kind]: [count, state] } : {});
  return mended;
}

/** What a relay serves that is started now. */
async function served(): Promise<number> {
  await using store = await rig.open();
  let whole = 0;
  for (const { id, bytes } of chunks) {
    if (store.has(id) && Buffer.from(await store.read(id)).equals(bytes)) whole++;
  }
  expect(store.usage.chunks).toBe(store.inventory('', 100).length);
  return whole;
}

const idAt = (at: number): string => chunks.map(({ id }) => id)[at] ?? '';
const fileAt = (at: number): string => rig.fileOf(idAt(at));

it('finds nothing in a sound folder, and counts what is there', async () => {
  const report = await run(false);
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0);
  expect(report).toEqual({ chunks: KEPT, bytes, findings: [], sound: true });
  expect(await run(true)).toEqual(report);
});

it('the index deleted', async () => {
  for (const suffix of ['', '-wal', '-shm'])
    await rm(path.join(rig.dir, `dht_index.sqlite${suffix}`), { force: true });
  const told = await run(false);
  expect(found(told)).toEqual({ 'index-missing': [1, 'open'], 'chunk-unlisted': [KEPT, 'open'] });
  expect(found(await run(true))).toEqual({
    'index-missing': [1, 'mended'],
    'chunk-unlisted': [KEPT, 'mended'],
  });
  expect(found(await run(false))).toEqual({});
  expect(await served()).toBe(KEPT);
});

it.each([
  ['overwritten', (file: string) => writeFile(file, 'This is no database.')],
  ['cut off', (file: string) => truncate(file, 5000)],
])('the index %s', async (_how, damage) => {
  await damage(path.join(rig.dir, 'dht_index.sqlite'));
  expect(found(await run(false))).toMatchObject({ 'index-damaged': [1, 'open'] });
  const mended = await run(true);
  expect(found(mended)).toEqual({ 'index-damaged': [1, 'mended'], 'chunk-unlisted': [KEPT, 'mended'] });
  expect(mended).toMatchObject({ chunks: KEPT, sound: true });
  expect((await stat(path.join(rig.dir, 'dht_index.sqlite.damaged'))).isFile()).toBe(true);
  expect(await served()).toBe(KEPT);
});

it('an index of a newer version is refused, never replaced', async () => {
  const database = index();
  database.exec('PRAGMA user_version = 99');
  database.close();
  for (const repair of [false, true])
    await expect(run(repair)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
});

it('a wrong sum', async () => {
  const database = index();
  database.exec('UPDATE totals SET bytes = bytes + 1');
  database.close();
  await tellsAndMends('totals-wrong', 1);
});

it('a file that the index does not list, or has not verified', async () => {
  const database = index();
  database.prepare('DELETE FROM chunks WHERE id = ?').run(idAt(0));
  database.prepare("UPDATE chunks SET state = 'unverified' WHERE id = ?").run(idAt(1));
  database.close();
  await tellsAndMends('chunk-unlisted', 2);
  expect(await served()).toBe(KEPT);
});

it('a chunk that the index describes wrongly', async () => {
  const database = index();
  database.prepare('UPDATE chunks SET verifier = ? WHERE id = ?').run('ab'.repeat(32), idAt(0));
  database.close();
  await tellsAndMends('chunk-mislisted', 1);
});

it('the folder of chunks deleted', async () => {
  await rm(path.join(rig.dir, 'chunks'), { recursive: true });
  const { chunks: whole } = await tellsAndMends('chunk-missing', KEPT);
  expect(whole).toBe(0);
});

it('one file gone', async () => {
  await rm(fileAt(0));
  await tellsAndMends('chunk-missing', 1);
  expect(await served()).toBe(KEPT - 1);
});

it('a file that has rotted, or was cut off', async () => {
  const bytes = await readFile(fileAt(0));
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  await writeFile(fileAt(0), bytes);
  await truncate(fileAt(1), 20);
  const told = await run(false);
  expect(found(told)).toEqual({ 'chunk-rotten': [2, 'open'] });
  expect(told.findings[0]?.examples.sort()).toEqual([idAt(0), idAt(1)].sort());
  const mended = await run(true);
  expect(found(mended)).toMatchObject({ 'chunk-rotten': [2, 'mended'] });
  expect(mended.sound).toBe(true);
  expect(found(await run(false))).toEqual({ 'aside-rotten': [2, 'note'] });
  expect(await served()).toBe(KEPT - 2);
});

it('a whole file that was set aside all the same', async () => {
  const id = idAt(0);
  await rename(rig.fileOf(id), path.join(rig.dir, 'rotten', id));
  const database = index();
  database.prepare('DELETE FROM chunks WHERE id = ?').run(id);
  database.close();
  const mended = await tellsAndMends('aside-whole', 1);
  expect(mended.chunks).toBe(KEPT);
  expect(await served()).toBe(KEPT);
});

it.each(['in place', 'aside'])('the file of a deleted chunk, %s', async (where) => {
  const { id, bytes, tombstone } = ownedChunk(400);
  const copy = path.join(rig.dir, 'copy');
  {
    await using store = await rig.open();
    await store.put(id, [bytes]);
    await cp(rig.fileOf(id), copy);
    await store.delete([{ tombstone, source: 'client', receivedAt: 1 }]);
  }
  await rename(copy, where === 'aside' ? path.join(rig.dir, 'rotten', id) : rig.fileOf(id));
  await tellsAndMends('chunk-deleted', 1);
  await using store = await rig.open();
  await expect(store.read(id)).rejects.toMatchObject({ code: 'DELETED' });
});

it('a deletion that nobody proved does not keep a chunk from being held', async () => {
  const id = idAt(0);
  const database = index();
  const insert = database.prepare('INSERT INTO tombstones VALUES (?, ?, ?, 1, NULL)');
  insert.run(id, 'ab'.repeat(32), 'cd'.repeat(32));
  insert.run('ef'.repeat(32), 'not', 'hex');
  database.close();
  const mended = await tellsAndMends('tombstone-invalid', 2);
  expect(mended.chunks).toBe(KEPT);
  expect(await served()).toBe(KEPT);
});

it('what writes have left behind', async () => {
  await writeFile(path.join(rig.dir, 'tmp', 'ab'.repeat(32) + '.0011'), 'x');
  await writeFile(path.join(rig.dir, `operator.token.${'0'.repeat(16)}.tmp`), 'x');
  await tellsAndMends('temp-file', 2);
});

it('foreign files among the chunks are named and left alone', async () => {
  const file = path.join(path.dirname(fileAt(0)), 'holiday.jpg');
  await writeFile(file, 'x');
  const { findings } = await tellsAndMends('foreign-file', 1, 'note');
  expect(findings[0]?.examples).toEqual([file]);
  expect((await stat(file)).isFile()).toBe(true);
});

it('an identity that others may read; one that is damaged stays a problem', async () => {
  const file = path.join(rig.dir, 'identity.key');
  await chmod(file, 0o644);
  await tellsAndMends('identity-exposed', 1);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  await truncate(file, 5);
  const report = await run(true);
  expect(found(report)).toEqual({ 'identity-damaged': [1, 'open'] });
  expect(report.sound).toBe(false);
});

it('refuses a folder in use, and what is no storage folder, and can be stopped', async () => {
  {
    using held = lockStorage(path.join(rig.dir, 'relay.lock'));
    await expect(run(true)).rejects.toMatchObject({ code: 'CONFLICT' });
    held.release();
  }
  await expect(run(false, AbortSignal.abort())).rejects.toMatchObject({ code: 'ABORTED' });
  for (const name of await readdir(rig.dir)) await rm(path.join(rig.dir, name), { recursive: true });
  await expect(run(true)).rejects.toMatchObject({ code: 'BAD_INPUT' });
  expect(await readdir(rig.dir)).toEqual([]);
});
