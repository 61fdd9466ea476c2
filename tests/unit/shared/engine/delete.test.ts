import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import { parseManifestId } from '../../../../shared/ids.ts';
import { DELETE_BATCH_CHUNKS } from '../../../../shared/limits.ts';
import { deleteUpload } from '../../../../shared/engine/delete.ts';
import type { DeleteOptions, DeleteProgress, DeleteResult } from '../../../../shared/engine/delete.ts';
import { JournalTable } from '../../../../shared/engine/journal-table.ts';
import { codeOf } from '../support/vectors.ts';
import { DELETE_KEY, pseudoRandom } from './fakes.ts';
import { OwnerJournal, OwnerSwarm, chunkOf } from './owner-bench.ts';
import { never } from './upload-bench.ts';
import { VirtualClock } from './virtual-clock.ts';

/** A finished upload of this many blocks, each on every relay. */
function stage(blocks: number, relays = 5) {
  const swarm = new OwnerSwarm(relays);
  const chunks = Array.from({ length: blocks }, () => chunkOf(DELETE_KEY));
  const journal = new OwnerJournal(blocks);
  for (const [index, chunk] of chunks.entries()) {
    journal.seal(index, chunk).stored(index, swarm.ids);
    for (const relay of swarm.relays) relay.hold(chunk);
  }
  journal.finish();
  const clock = new VirtualClock();
  const run = (changes: Partial<DeleteOptions> = {}, signal = never()): Promise<DeleteResult> =>
    clock.run(deleteUpload({ journal, swarm, deleteKey: DELETE_KEY, clock, ...changes }, signal));
  return { swarm, chunks, journal, clock, run };
}

const left = (swarm: OwnerSwarm): number => swarm.relays.reduce((sum, { rows }) => sum + rows.size, 0);

describe('deleteUpload', () => {
  it('deletes every chunk that was ever sealed, abandoned ones and those never stored included', async () => {
    const { swarm, chunks, journal, run } = stage(3);
    const superseded = chunkOf(DELETE_KEY);
    const neverStored = chunkOf(DELETE_KEY);
    const orphaned = chunkOf(DELETE_KEY);
    const strangers = chunkOf(pseudoRandom(32, 'another'));
    journal.seal(0, superseded).seal(0, neverStored).abandon(orphaned);
    for (const relay of swarm.relays) relay.hold(superseded, orphaned, strangers);
    const result = await run({ manifestId: journal.manifestId });
    expect(result).toMatchObject({ chunkCount: 6, failed: 0, foreign: 0, complete: true });
    expect(result.pending.size).toBe(0);
    expect([...result.confirmed]).toEqual(swarm.ids.map((id) => [id, 3]));
    expect(swarm.revealed).toEqual(
      new Set([...chunks, superseded, neverStored, orphaned].map(({ id }) => id)),
    );
    expect(swarm.relays.map(({ rows }) => [...rows.keys()])).toEqual(swarm.relays.map(() => [strangers.id]));
  });

  it('journals that it begins before the first token leaves', async () => {
    const { swarm, journal, run } = stage(1);
    const seen: string[][] = [];
    swarm.beforeDelete = () => void seen.push(journal.kinds());
    await run();
    expect(seen.map((kinds) => kinds.at(-1))).toEqual(['deleting']);
    expect(journal.kinds().slice(-2)).toEqual(['deleting', 'deleted']);
  });

  it('tells who is pending, and a later run asks for those alone', async () => {
    const { swarm, run, chunks, journal } = stage(2);
    const [first, second] = swarm.relays;
    if (first === undefined || second === undefined) throw new Error('Two relays were to be there.');
    first.state = 'away';
    second.state = 'hung';
    const early = await run();
    expect(early.complete).toBe(false);
    expect([...early.pending]).toEqual([
      [first.id, 2],
      [second.id, 2],
    ]);
    expect(early.confirmed.size).toBe(3);
    second.state = 'live';
    const later = await run();
    expect([...later.pending]).toEqual([[first.id, 2]]);
    first.state = 'live';
    const last = await run();
    expect(last.complete).toBe(true);
    expect(left(swarm)).toBe(0);
    // Nothing is asked a fourth time.
    const before = swarm.batches;
    expect((await run()).complete).toBe(true);
    expect(swarm.batches).toBe(before);
    expect(journal.written.filter(({ kind }) => kind === 'deleting')).toHaveLength(1);
    expect(swarm.revealed.size).toBe(chunks.length);
  });

  it('goes on after it was cut off between two batches', async () => {
    const blocks = DELETE_BATCH_CHUNKS + 7;
    const { swarm, run } = stage(blocks, 2);
    const stop = new AbortController();
    swarm.beforeDelete = () => {
      if (swarm.batches === 2) stop.abort();
      if (stop.signal.aborted) throw new AppError('ABORTED', 'Cancelled.');
    };
    expect(await codeOf(run({}, stop.signal))).toBe('ABORTED');
    expect(left(swarm)).toBe(2 * 7);
    swarm.beforeDelete = (deletions) => {
      expect(deletions).toHaveLength(7);
    };
    const progress: DeleteProgress[] = [];
    const result = await run({ onProgress: (each) => void progress.push(each) });
    expect(result.complete).toBe(true);
    expect(left(swarm)).toBe(0);
    expect(progress.at(-1)).toEqual({
      chunksDone: blocks,
      chunkCount: blocks,
      confirmed: result.confirmed,
      pending: new Map(),
    });
    expect(progress[0]?.confirmed.size).toBe(0);
  });

  it('with another device’s key it is forbidden, and neither a token nor a line is written', async () => {
    const { swarm, journal, run } = stage(2);
    const before = journal.written.length;
    expect(await codeOf(run({ deleteKey: pseudoRandom(32, 'another device') }))).toBe('FORBIDDEN');
    expect(swarm.revealed.size).toBe(0);
    expect(journal.written).toHaveLength(before);
  });

  it('sends no token for chunks of another key in the same journal, and says that they stay', async () => {
    const { swarm, journal, run } = stage(1);
    const foreign = chunkOf(pseudoRandom(32, 'an earlier vault'));
    journal.abandon(foreign);
    const result = await run();
    expect(result).toMatchObject({ foreign: 1, complete: false });
    expect(swarm.revealed.has(foreign.id)).toBe(false);
  });

  it('takes the chunks of the file’s link along, also when it is cut off before it is told of them', async () => {
    const { swarm, run } = stage(1);
    const links = [chunkOf(DELETE_KEY), chunkOf(DELETE_KEY)];
    const foreign = chunkOf(pseudoRandom(32, 'another'));
    for (const relay of swarm.relays) relay.hold(...links, foreign);
    swarm.beforeDelete = () => {
      throw new AppError('FORBIDDEN', 'Not now.');
    };
    expect(await codeOf(run({ linkChunks: links }))).toBe('FORBIDDEN');
    swarm.beforeDelete = () => undefined;
    expect(await run()).toMatchObject({ chunkCount: 3, complete: true });
    expect(left(swarm)).toBe(swarm.relays.length);
    expect(await run({ linkChunks: [...links, foreign] })).toMatchObject({ foreign: 1, complete: false });
    expect(swarm.revealed.has(foreign.id)).toBe(false);
  });

  it('of another manifest it does nothing', async () => {
    const { swarm, run } = stage(1);
    const manifestId = parseManifestId(randomBytes(32).toString('hex'));
    expect(await codeOf(run({ manifestId }))).toBe('NOT_FOUND');
    expect(swarm.revealed.size).toBe(0);
  });

  it('begins nothing where nobody answers', async () => {
    const { swarm, journal, run } = stage(1);
    swarm.unreachable = true;
    expect(await codeOf(run())).toBe('UNAVAILABLE');
    expect(journal.kinds()).not.toContain('deleting');
  });

  it('an answer about other chunks counts as none', async () => {
    const { swarm, journal, run } = stage(2);
    swarm.twistOutcomes = (outcomes) => outcomes.reverse();
    expect(await codeOf(run())).toBe('CORRUPT');
    expect(journal.kinds()).not.toContain('deleted');
  });

  it('what no relay took is told again the next time', async () => {
    const { swarm, run } = stage(2);
    swarm.twistOutcomes = (outcomes) => outcomes.map((each) => ({ ...each, status: 'failed' }));
    expect(await run()).toMatchObject({ failed: 2, complete: false });
    swarm.twistOutcomes = (outcomes) => outcomes;
    expect(await run()).toMatchObject({ failed: 0, complete: true });
  });

  it('relays made up by an answer are not waited for', async () => {
    const { swarm, run } = stage(1);
    const [other = chunkOf(DELETE_KEY)] = stage(1).chunks;
    swarm.twistOutcomes = (outcomes) =>
      outcomes.map((each) => ({ ...each, pending: [other.id as never], confirmed: each.confirmed }));
    expect(await run()).toMatchObject({ complete: true });
  });

  it('an upload of a file that is being deleted does not go on', async () => {
    const { journal, run } = stage(1);
    await run();
    expect(await codeOf(JournalTable.replay(1, journal.entries()))).toBe('DELETED');
  });
});
