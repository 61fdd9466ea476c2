import { beforeEach, expect, it } from 'vitest';
import { Watchlist } from '../../../../relay/services/care/watchlist.ts';
import { parseChunkId } from '../../../../shared/ids.ts';
import type { ChunkId } from '../../../../shared/ids.ts';
import { MAX_WATCHED_CHUNKS } from '../../../../shared/limits.ts';

const chunkId = (n: number): ChunkId => parseChunkId(n.toString(16).padStart(64, '0'));
const LIMIT = 100;
let list: Watchlist;

beforeEach(() => {
  list = new Watchlist();
});

it('a chunk is due at the earliest of the moments that were agreed on', () => {
  list.watch(chunkId(1), 0, 500);
  list.watch(chunkId(1), 0, 300);
  list.watch(chunkId(1), 0, 400);
  expect(list.due(299, LIMIT)).toEqual([]);
  expect(list.due(300, LIMIT)).toEqual([chunkId(1)]);
  list.watch(chunkId(1), 300, 900);
  expect(list.due(899, LIMIT)).toEqual([]);
  list.forget(chunkId(1));
  expect(list.due(900, LIMIT)).toEqual([]);
});

it('the time that a chunk was only watched is no time that it has waited for its repair', () => {
  list.watch(chunkId(1), 0, 500);
  expect(list.waitsSince(chunkId(1), 500)).toBe(500);
  list.waitFor(chunkId(1), 500, 900);
  list.watch(chunkId(1), 600, 700);
  expect(list.waitsSince(chunkId(1), 900)).toBe(500);
  list.forget(chunkId(1));
  expect(list.waitsSince(chunkId(1), 950)).toBe(950);
});

it('those that are looked at anew keep none from their turn', () => {
  for (let n = 0; n < 4; n++) list.watch(chunkId(n), 0, 10);
  const seen: ChunkId[] = [];
  for (let now = 10; now < 30; now += 10) {
    for (const id of list.due(now, 2)) {
      seen.push(id);
      list.watch(id, now, now + 10);
    }
  }
  expect(seen).toEqual([0, 1, 2, 3].map(chunkId));
});

it('says once by when all chunks are to be looked at, for those that found no room', () => {
  for (let n = 0; n < MAX_WATCHED_CHUNKS; n++) list.watch(chunkId(n), 0, 1000);
  expect(list.takeMissed()).toBe(Number.POSITIVE_INFINITY);
  list.watch(chunkId(1), 0, 50);
  list.watch(chunkId(MAX_WATCHED_CHUNKS), 0, 700);
  list.waitFor(chunkId(MAX_WATCHED_CHUNKS + 1), 0, 600);
  expect(list.due(999, MAX_WATCHED_CHUNKS)).toEqual([chunkId(1)]);
  expect(list.takeMissed()).toBe(600);
  expect(list.takeMissed()).toBe(Number.POSITIVE_INFINITY);
});
