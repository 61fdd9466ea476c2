import { describe, expect, it } from 'vitest';
import { readDistribution } from '../../../../shared/engine/distribution.ts';
import { abortError } from '../../../../shared/errors.ts';
import type { ChunkRow, ChunkRows } from '../../../../shared/format/manifest-types.ts';
import type { ChunkId } from '../../../../shared/ids.ts';
import { MAX_CHUNKS_SURVEYED, MAX_LOCATE_IDS } from '../../../../shared/limits.ts';
import { MemorySwarm } from './memory-swarm.ts';
import type { EngineClock } from '../../../../shared/engine/clock.ts';

const instant: EngineClock = { now: () => 0, sleep: () => Promise.resolve() };
const never = new AbortController().signal;
const idAt = (index: number): ChunkId => index.toString(16).padStart(64, '0') as ChunkId;

function rowsOf(length: number, id = idAt): ChunkRows {
  const at = (index: number): ChunkRow => ({ index, id: id(index), size: 1, compression: 'none' });
  return { length, at };
}

/** Seven relays on three hosts; every chunk on five of them. */
function swarmWith(length: number): MemorySwarm {
  const swarm = new MemorySwarm(instant, 7);
  swarm.relays.forEach((relay, i) => (relay.machine = `host ${i % 3}`));
  for (let index = 0; index < length; index++)
    for (let copy = 0; copy < 5; copy++)
      swarm.relays[(index + copy) % 7]?.chunks.set(idAt(index), new Uint8Array(1));
  return swarm;
}

describe('readDistribution', () => {
  it('says who holds each chunk, and on which host that is', async () => {
    const swarm = swarmWith(3);
    const { relays, chunks, chunkCount, silent } = await readDistribution({ rows: rowsOf(3), swarm }, never);
    expect(relays).toEqual(swarm.relays.map(({ id, machine }) => ({ id, machine })));
    expect(chunks).toEqual([
      { index: 0, holders: [0, 1, 2, 3, 4] },
      { index: 1, holders: [1, 2, 3, 4, 5] },
      { index: 2, holders: [2, 3, 4, 5, 6] },
    ]);
    expect([chunkCount, silent]).toEqual([3, 0]);
  });

  it('leaves out relays that store nothing, and counts those that do not answer', async () => {
    const swarm = swarmWith(2);
    const [first, second] = swarm.relays;
    if (first === undefined || second === undefined) throw new Error('no relays');
    first.chunks.clear();
    first.capacity = 0;
    second.deadButListed = true;
    const { relays, chunks, silent } = await readDistribution({ rows: rowsOf(1), swarm }, never);
    expect(relays.map(({ id }) => id)).not.toContain(first.id);
    expect(chunks[0]?.holders.map((holder) => relays[holder]?.id)).toEqual(
      swarm.relays.slice(2, 5).map(({ id }) => id),
    );
    expect(silent).toBe(1);
  });

  it('a holder that is no member counts as a host of its own', async () => {
    const swarm = swarmWith(1);
    const members = await swarm.members(never);
    swarm.members = () => Promise.resolve(members.slice(1));
    const { relays, chunks } = await readDistribution({ rows: rowsOf(1), swarm }, never);
    const stranger = relays[chunks[0]?.holders[0] ?? -1];
    expect(stranger?.machine).toBe(stranger?.id);
    expect(relays).toHaveLength(7);
  });

  it('asks for a chunk once that a manifest names twice', async () => {
    const swarm = swarmWith(1);
    const { chunks } = await readDistribution({ rows: rowsOf(3, () => idAt(0)), swarm }, never);
    expect(chunks.map(({ holders }) => holders.length)).toEqual([5, 5, 5]);
  });

  it('takes a sample, spread over it, of a file of 2^20 chunks, a batch at a time, and tells how far it is', async () => {
    const swarm = swarmWith(0);
    const batches: number[] = [];
    const locate = swarm.locate.bind(swarm);
    swarm.locate = (ids) => {
      batches.push(ids.length);
      return locate(ids);
    };
    const told: number[] = [];
    const length = 2 ** 20;
    const { chunks, chunkCount } = await readDistribution(
      { rows: rowsOf(length), swarm, onProgress: (done, total) => told.push(done / total) },
      never,
    );
    expect(chunkCount).toBe(length);
    expect(chunks).toHaveLength(MAX_CHUNKS_SURVEYED);
    expect(chunks.map(({ index }) => index)).toEqual(
      Array.from({ length: MAX_CHUNKS_SURVEYED }, (_, i) => i * (length / MAX_CHUNKS_SURVEYED)),
    );
    expect(Math.max(...batches)).toBeLessThanOrEqual(MAX_LOCATE_IDS);
    expect(told.at(-1)).toBe(1);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
  });

  it('ends with its signal between two batches', async () => {
    const swarm = swarmWith(0);
    const abort = new AbortController();
    const locate = swarm.locate.bind(swarm);
    let asked = 0;
    swarm.locate = (ids) => {
      if (abort.signal.aborted) throw abortError(abort.signal);
      asked++;
      abort.abort();
      return locate(ids);
    };
    await expect(readDistribution({ rows: rowsOf(3000), swarm }, abort.signal)).rejects.toMatchObject({
      code: 'ABORTED',
    });
    expect(asked).toBe(1);
  });
});
