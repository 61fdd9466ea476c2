import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import { MAX_INVENTORY_ROWS_HELD } from '../../../../shared/limits.ts';
import { deleteOrphans, findOrphans } from '../../../../shared/engine/prune.ts';
import type { FindOrphansOptions, OrphanPlan, PruneResult } from '../../../../shared/engine/prune.ts';
import type { ChunkEntry } from '../../../../shared/protocol/routes.ts';
import { codeOf } from '../support/vectors.ts';
import { DELETE_KEY, pseudoRandom } from './fakes.ts';
import { NOW, OLD, OwnerDatabase, OwnerJournal, OwnerSwarm, bytesOf, chunkOf, rowOf } from './owner-bench.ts';
import type { TestChunk } from './owner-bench.ts';
import { never } from './upload-bench.ts';
import { VirtualClock } from './virtual-clock.ts';

const OTHER_DEVICE = pseudoRandom(32, 'another device of the vault');
const OTHER_USER = pseudoRandom(32, 'another user');

class PruneBench {
  readonly clock = new VirtualClock();
  readonly database = new OwnerDatabase();
  readonly swarm: OwnerSwarm;

  constructor(relays = 3) {
    this.swarm = new OwnerSwarm(relays);
  }

  /** A chunk on every relay. */
  chunk(deleteKey = DELETE_KEY): TestChunk {
    const chunk = chunkOf(deleteKey);
    for (const relay of this.swarm.relays) relay.hold(chunk);
    return chunk;
  }

  journal(...chunks: TestChunk[]): OwnerJournal {
    const journal = new OwnerJournal(chunks.length);
    for (const [index, chunk] of chunks.entries()) journal.seal(index, chunk).stored(index, this.swarm.ids);
    this.database.journals.push(journal);
    return journal;
  }

  find(changes: Partial<FindOrphansOptions> = {}, signal = never()): Promise<OrphanPlan> {
    const { swarm, database, clock } = this;
    const options = { swarm, database, clock, deleteKey: DELETE_KEY, unixTime: () => NOW, ...changes };
    return this.clock.run(findOrphans(options, signal));
  }

  delete(plan: OrphanPlan): Promise<PruneResult> {
    const { swarm, database, clock } = this;
    return this.clock.run(deleteOrphans(plan, { swarm, database, clock, deleteKey: DELETE_KEY }, never()));
  }

  async failure(changes: Partial<FindOrphansOptions> = {}): Promise<AppError> {
    const error: unknown = await this.find(changes).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(AppError);
    expect(this.swarm.revealed.size).toBe(0);
    return error as AppError;
  }
}

const idsOf = ({ orphans }: OrphanPlan): string[] =>
  Array.from({ length: orphans.length }, (_, row) => orphans.at(row).id as string).sort();
const sorted = (...chunks: TestChunk[]): string[] => chunks.map(({ id }) => id as string).sort();
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');

describe('findOrphans', () => {
  it('finds what this device has stored and nothing refers to, and none but that', async () => {
    const bench = new PruneBench();
    bench.journal(bench.chunk(), bench.chunk()).finish();
    const [paused, unsent, abandoned, orphan, published] = Array.from({ length: 5 }, () => bench.chunk());
    if (!paused || !unsent || !abandoned || !orphan || !published) throw new Error('Five chunks were made.');
    new OwnerJournal(1);
    const unfinished = bench.journal(paused);
    unfinished.seal(0, unsent).abandon(abandoned);
    bench.database.others.push(published.id);
    const deleted = bench.chunk();
    bench.journal(deleted).finish().written.push({ kind: 'deleting' });
    bench.chunk(OTHER_DEVICE);
    bench.chunk(OTHER_USER);
    const plan = await bench.find();
    expect(idsOf(plan)).toEqual(sorted(abandoned, orphan, deleted));
    expect(plan).toMatchObject({ more: false, relays: 3, young: 0, absent: [] });
    expect(plan.orphans.totalBytes).toBe(3 * 3 * 1000);
    expect(bench.swarm.revealed.size).toBe(0);

    expect(await bench.delete(plan)).toMatchObject({ deleted: 3, kept: 0, failed: 0 });
    expect([...bench.swarm.revealed].sort()).toEqual(sorted(abandoned, orphan, deleted));
    expect(idsOf(await bench.find())).toEqual([]);
  });

  it('leaves alone what any replica says is younger than an hour, or from the future', async () => {
    const bench = new PruneBench();
    const old = bench.chunk();
    const [young, ahead] = [bench.chunk(), bench.chunk()];
    const [relay] = bench.swarm.relays;
    relay?.rows.set(young.id, rowOf(young, NOW - 3_599_000));
    relay?.rows.set(ahead.id, rowOf(ahead, NOW + 10 ** 9));
    const plan = await bench.find();
    expect(idsOf(plan)).toEqual(sorted(old));
    expect(plan.young).toBe(2);
  });

  it('sees an upload that began while the inventories were read, whatever age the relays claim', async () => {
    const bench = new PruneBench();
    const orphan = bench.chunk();
    let begun = false;
    bench.swarm.beforeInventory = (relay) => {
      if (relay !== bench.swarm.relays[1] || begun) return;
      begun = true;
      const chunk = chunkOf(DELETE_KEY);
      bench.journal(chunk);
      relay.hold(chunk);
    };
    expect(idsOf(await bench.find())).toEqual(sorted(orphan));
    expect(begun).toBe(true);
  });

  it('says who holds each orphan, and shows whoever counts all that relays hold', async () => {
    const bench = new PruneBench();
    const kept = bench.chunk();
    bench.journal(kept).finish();
    const orphan = chunkOf(DELETE_KEY);
    const [first, second] = bench.swarm.relays;
    first?.hold(orphan);
    second?.hold(orphan);
    const foreign = bench.chunk(OTHER_USER);
    const seen = new Map<string, number>();
    const plan = await bench.find({
      onChunk: (rows) => seen.set(rows[0]?.entry.id ?? '', new Set(rows.map(({ relay }) => relay)).size),
    });
    expect(plan.orphans.at(0)).toMatchObject({
      id: orphan.id,
      replicas: 2,
      holders: [first?.id, second?.id],
    });
    expect(seen).toEqual(
      new Map<string, number>([
        [kept.id, 3],
        [foreign.id, 3],
        [orphan.id, 2],
      ]),
    );
  });

  it('reads inventories of many pages, each row once', async () => {
    const bench = new PruneBench(70);
    const pageRows = Math.floor(MAX_INVENTORY_ROWS_HELD / 70);
    const orphans = Array.from({ length: 5 }, () => bench.chunk());
    const [first] = bench.swarm.relays;
    for (let i = 0; i < 2 * pageRows; i++) first?.hold(chunkOf(OTHER_USER));
    let pages = 0;
    bench.swarm.beforeInventory = () => {
      pages++;
    };
    expect(idsOf(await bench.find())).toEqual(sorted(...orphans));
    expect(pages).toBe(69 + 3);
  });

  it('can be cancelled', async () => {
    const bench = new PruneBench();
    const stop = new AbortController();
    bench.swarm.beforeInventory = () => stop.abort();
    bench.chunk();
    expect(await codeOf(bench.find({}, stop.signal))).toBe('ABORTED');
  });
});

describe('findOrphans refuses', () => {
  it('when a relay does not answer, and names it', async () => {
    const bench = new PruneBench();
    bench.chunk();
    const [, silent] = bench.swarm.relays;
    if (silent !== undefined) silent.state = 'hung';
    const error = await bench.failure({ withoutAbsent: true });
    expect(error.code).toBe('UNAVAILABLE');
    expect(error.message).toContain(silent?.id);
  });

  it('when a relay that has chunks by receipt is away, unless told to go on', async () => {
    const bench = new PruneBench();
    bench.journal(bench.chunk()).finish();
    const orphan = bench.chunk();
    const [gone] = bench.swarm.relays;
    if (gone !== undefined) gone.state = 'away';
    const error = await bench.failure();
    expect(error).toMatchObject({ code: 'UNAVAILABLE', details: { absent: 1 } });
    const plan = await bench.find({ withoutAbsent: true });
    expect(plan.absent).toEqual([gone?.id]);
    expect(idsOf(plan)).toEqual(sorted(orphan));
  });

  it('but not for relays of another swarm, or of the local simulation', async () => {
    const bench = new PruneBench();
    const kept = bench.chunk();
    const elsewhere = new OwnerJournal(1).seal(0, kept).stored(0, new OwnerSwarm(5).ids).finish();
    const simulated = new OwnerJournal(1).seal(0, chunkOf(DELETE_KEY)).stored(0, new OwnerSwarm(2).ids);
    simulated.here = false;
    bench.database.journals.push(elsewhere, simulated);
    expect(idsOf(await bench.find())).toEqual([]);
  });

  it.each([
    ['that cannot be read', (journal: OwnerJournal) => void (journal.entries = () => broken())],
    ['that lost its end', (journal: OwnerJournal) => void journal.written.pop()],
    ['that lost a block', (journal: OwnerJournal) => void journal.written.splice(0, 2)],
    ['that names a block beyond its file', (journal: OwnerJournal) => void journal.stored(9, [])],
  ])('for a journal %s', async (_what, damage) => {
    const bench = new PruneBench();
    const journal = bench.journal(bench.chunk(), bench.chunk()).finish();
    expect(idsOf(await bench.find())).toEqual([]);
    damage(journal);
    expect((await bench.failure()).code).toBe('CORRUPT');
  });

  it('for a manifest or link that cannot be read', async () => {
    const bench = new PruneBench();
    bench.chunk();
    bench.database.otherReferences = () => broken();
    expect((await bench.failure()).code).toBe('CORRUPT');
  });

  it.each<[string, (rows: readonly ChunkEntry[]) => { rows: readonly ChunkEntry[]; more: boolean }]>([
    ['out of order', (rows) => ({ rows: [...rows].reverse(), more: false })],
    ['the same for ever', (rows) => ({ rows, more: true })],
    ['empty for ever', () => ({ rows: [], more: true })],
    [
      'longer than asked for',
      (rows) => ({ rows: Array.from({ length: 2000 }, (_, i) => late(i, rows)), more: false }),
    ],
  ])('an inventory that is %s', async (_what, make) => {
    const bench = new PruneBench();
    bench.chunk();
    bench.chunk();
    const [, hostile] = bench.swarm.relays;
    let first: readonly ChunkEntry[] | undefined;
    if (hostile !== undefined) hostile.twist = ({ rows }) => make((first ??= rows));
    const error = await bench.failure();
    expect(error).toMatchObject({ code: 'CORRUPT', details: { relay: hostile?.id } });
  });
});

describe('deleteOrphans', () => {
  it('leaves alone what something has come to refer to since', async () => {
    const bench = new PruneBench();
    const [kept, orphan] = [bench.chunk(), bench.chunk()];
    const plan = await bench.find();
    bench.database.others.push(kept.id);
    expect(await bench.delete(plan)).toMatchObject({ deleted: 1, kept: 1 });
    expect(bench.swarm.revealed).toEqual(new Set([orphan.id]));
  });

  it('does nothing when the database cannot be read any more', async () => {
    const bench = new PruneBench();
    bench.chunk();
    const plan = await bench.find();
    bench.database.uploads = () => broken();
    expect(await codeOf(bench.delete(plan))).toBe('CORRUPT');
    expect(bench.swarm.revealed.size).toBe(0);
  });
});

type Forge = (live: TestChunk, other: TestChunk, orphan: TestChunk) => ChunkEntry;

/** Rows that a relay makes up out of what it has seen. */
const FORGERIES: readonly Forge[] = [
  // A live chunk's verifier on another body, under the live id, under the id that this makes, and under its own.
  (live, other) => ({ ...rowOf(live), body_hash: hex(other.bodyHash) }),
  (live, other) => made(live.verifier, other.bodyHash),
  (live) => made(live.verifier, randomBytes(32)),
  (live, other) => ({ ...rowOf(other), verifier: hex(live.verifier) }),
  // Another verifier on a live body.
  (live, other) => made(other.verifier, live.bodyHash),
  (live) => made(randomBytes(32), live.bodyHash),
  // A live chunk with other sizes and times, and under another id.
  (live) => ({ ...rowOf(live), size: 0, stored_at: 0 }),
  (live) => ({ ...rowOf(live), size: Number.MAX_SAFE_INTEGER, stored_at: 1 }),
  (live, _other, orphan) => ({ ...rowOf(live), id: orphan.id }),
  (live) => ({ ...rowOf(live), id: hex(randomBytes(32)) }),
  // An orphan's parts under a live id.
  (live, _other, orphan) => ({ ...rowOf(orphan), id: live.id }),
  (live, _other, orphan) => made(orphan.verifier, live.bodyHash),
  (_live, other) => rowOf(other, 0),
];

function made(verifier: Uint8Array, bodyHash: Uint8Array): ChunkEntry {
  const id = createHash('sha256').update(verifier).update(bodyHash).digest('hex');
  return { id, size: 500, verifier: hex(verifier), body_hash: hex(bodyHash), stored_at: OLD };
}

describe('hostile inventories', () => {
  it('whatever relays make up, tokens leave for orphans alone', async () => {
    const count = fc.integer({ min: 1, max: 4 });
    const forgeries = fc.array(
      fc.tuple(fc.nat(FORGERIES.length - 1), fc.nat(3), fc.nat(3), fc.nat(3), fc.nat(2)),
      { minLength: 1, maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(count, count, count, forgeries, async (lives, others, orphans, forged) => {
        const bench = new PruneBench();
        const live = Array.from({ length: lives }, () => bench.chunk());
        bench.journal(...live).finish();
        const strange = Array.from({ length: others }, (_, i) =>
          bench.chunk(i % 2 ? OTHER_USER : OTHER_DEVICE),
        );
        const orphan = Array.from({ length: orphans }, () => bench.chunk());
        for (const [how, a, b, c, relay] of forged) {
          const pick = (from: TestChunk[], n: number): TestChunk =>
            from[n % from.length] ?? chunkOf(OTHER_USER);
          const row = FORGERIES[how]?.(pick(live, a), pick(strange, b), pick(orphan, c));
          // In place of the honest row, if there is one.
          const where = bench.swarm.relays[relay];
          if (row === undefined || where === undefined) continue;
          where.rows.delete(row.id);
          where.forged.push(row);
        }
        const plan = await bench.find();
        const truly = new Set(sorted(...orphan));
        expect(idsOf(plan).every((id) => truly.has(id))).toBe(true);
        await bench.delete(plan);
        expect([...bench.swarm.revealed].every((id) => truly.has(id))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('a relay that lies about an orphan does not hide it where others tell of it', async () => {
    const bench = new PruneBench();
    const orphan = bench.chunk();
    const [liar] = bench.swarm.relays;
    liar?.rows.set(orphan.id, { ...rowOf(orphan, NOW), verifier: '00'.repeat(32) });
    expect(idsOf(await bench.find())).toEqual(sorted(orphan));
  });

  it('a chunk that only the forger knows is not this device’s', async () => {
    const bench = new PruneBench();
    const [relay] = bench.swarm.relays;
    const token = bytesOf(randomBytes(32));
    const verifier = createHash('sha256').update(token).digest();
    relay?.forged.push(made(verifier, randomBytes(32)));
    expect(idsOf(await bench.find())).toEqual([]);
  });
});

function late(i: number, rows: readonly ChunkEntry[]): ChunkEntry {
  const [row = rowOf(chunkOf(OTHER_USER))] = rows;
  return { ...row, id: `f${i.toString(16).padStart(63, '0')}` };
}

async function* broken(): AsyncGenerator<never> {
  await Promise.resolve();
  yield* [];
  throw new AppError('CORRUPT', 'Not readable.');
}
