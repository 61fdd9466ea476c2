import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { XzCodec } from '../../../../shared/codec/xz.ts';
import { deleteUpload } from '../../../../shared/engine/delete.ts';
import { openAnyLink, storeManifestLink, storeOwnerLink } from '../../../../shared/engine/links.ts';
import { OwnedChunks } from '../../../../shared/engine/owned-chunks.ts';
import { absentHolders, referencedChunks } from '../../../../shared/engine/owned-references.ts';
import {
  grantedEntries,
  grantedHeader,
  grantedJournal,
  ownerRightsOf,
} from '../../../../shared/engine/owner-rights.ts';
import { DeletionRights } from '../../../../shared/format/deletion-rights.ts';
import type { ChunkId } from '../../../../shared/ids.ts';
import { BLOCK_BYTES } from '../../../../shared/limits.ts';
import { codeOf, loadTestXz } from '../support/vectors.ts';
import { DownloadBench } from './download-bench.ts';
import { DELETE_KEY, pseudoRandom } from './fakes.ts';
import { OwnerDatabase, OwnerJournal, OwnerSwarm, bytesOf, chunkOf } from './owner-bench.ts';
import type { TestChunk } from './owner-bench.ts';
import { never } from './upload-bench.ts';
import { VirtualClock } from './virtual-clock.ts';

const OTHER_KEY = pseudoRandom(32, 'whoever else');

function rowsOf(chunks: readonly TestChunk[]) {
  return {
    length: chunks.length,
    at: (index: number) => ({
      index,
      id: (chunks[index] as TestChunk).id,
      size: BLOCK_BYTES,
      compression: 'none' as const,
    }),
  };
}

/** A file on every relay, its owner's journal, and what the owner hands on. */
async function stage(blocks: number) {
  const swarm = new OwnerSwarm(5);
  const chunks = Array.from({ length: blocks }, () => chunkOf(DELETE_KEY));
  const [abandoned, link] = [chunkOf(DELETE_KEY), chunkOf(DELETE_KEY)];
  const journal = new OwnerJournal(blocks);
  for (const [index, chunk] of chunks.entries()) journal.seal(index, chunk).stored(index, swarm.ids);
  journal.abandon(abandoned).finish();
  for (const relay of swarm.relays) relay.hold(...chunks, abandoned, link);
  const owned = await OwnedChunks.replay(journal.sizeBytes, journal.entries());
  const rows = rowsOf(chunks);
  const rights = await ownerRightsOf({ rows, owned, deleteKeys: [DELETE_KEY], linkChunks: [link] });
  const { manifestId } = journal;
  const manifest = {
    header: {
      ...{
        filename: 'a.bin',
        type: 'text/plain',
        size: blocks * BLOCK_BYTES,
        created: '2026-11-23T05:00:00Z',
      },
      ...{ key: bytesOf(randomBytes(32)), merkleRoot: '00'.repeat(32) },
    },
  };
  const granted = grantedJournal(grantedHeader('upload-2', manifest), manifestId, rights);
  return { swarm, chunks, abandoned, link, journal, rights, granted, manifestId, rows };
}

const left = (swarm: OwnerSwarm): number => swarm.relays.reduce((sum, { rows }) => sum + rows.size, 0);
const locate = (swarm: OwnerSwarm) => ({
  members: swarm.members.bind(swarm),
  deleteChunks: swarm.deleteChunks.bind(swarm),
  locate: (ids: readonly ChunkId[]) =>
    Promise.resolve({
      holders: ids.map((id) => swarm.holders(id).map((relay) => relay.id)),
      unreachable: [],
    }),
});

describe('rights to a file', () => {
  it('are to all that belongs to it, the chunks first; and let somebody else delete it, relay by relay', async () => {
    const { swarm, chunks, abandoned, link, rights, granted, manifestId } = await stage(3);
    expect([...rights].map(({ id }) => id)).toEqual([...chunks, abandoned, link].map(({ id }) => id));
    const [away] = swarm.relays;
    if (away === undefined) throw new Error('There are relays.');
    away.state = 'hung';
    const clock = new VirtualClock();
    const options = { journal: granted, manifestId, swarm: locate(swarm), deleteKey: OTHER_KEY, clock };
    const first = await clock.run(deleteUpload(options, never()));
    expect(first).toMatchObject({ chunkCount: 5, failed: 0, foreign: 0, complete: false });
    expect([...first.confirmed.values()]).toEqual([5, 5, 5, 5]);
    expect([...first.pending]).toEqual([[away.id, 5]]);
    expect(left(swarm)).toBe(5);
    away.state = 'live';
    expect(await clock.run(deleteUpload(options, never()))).toMatchObject({ complete: true });
    expect(left(swarm)).toBe(0);
  });

  it('are handed on by those who were given them', async () => {
    const { granted, rights, rows } = await stage(2);
    const owned = await OwnedChunks.replay(granted.header.sizeBytes, granted.entries());
    const again = await ownerRightsOf({ rows, owned, deleteKeys: [OTHER_KEY], linkChunks: [] });
    expect([...again]).toEqual([...rights]);
  });

  it('are not to be had with another key, for another file, or of one that is being deleted', async () => {
    const { journal, chunks, rows } = await stage(2);
    const owned = await OwnedChunks.replay(journal.sizeBytes, journal.entries());
    const options = { rows, owned, deleteKeys: [DELETE_KEY], linkChunks: [chunkOf(OTHER_KEY)] };
    // What is not the owner's own is left out.
    expect((await ownerRightsOf(options)).length).toBe(3);
    expect(await codeOf(ownerRightsOf({ ...options, deleteKeys: [OTHER_KEY] }))).toBe('FORBIDDEN');
    const others = rowsOf([...chunks, chunkOf(DELETE_KEY)]);
    expect(await codeOf(ownerRightsOf({ ...options, rows: others }))).toBe('FORBIDDEN');
    owned.apply({ kind: 'deleting' });
    expect(await codeOf(ownerRightsOf(options))).toBe('DELETED');
  });

  it('a wrong token is never sent, and what it was for stays', async () => {
    const { swarm, chunks } = await stage(1);
    const [chunk] = chunks as [TestChunk];
    const journal = new OwnerJournal(1);
    journal.written.push(
      { kind: 'granted', id: chunk.id, bodyHash: chunk.bodyHash, token: bytesOf(randomBytes(32)) },
      { kind: 'finished', manifestId: journal.manifestId },
    );
    const clock = new VirtualClock();
    const run = deleteUpload({ journal, swarm, deleteKey: OTHER_KEY, clock }, never());
    expect(await codeOf(clock.run(run))).toBe('FORBIDDEN');
    expect([swarm.revealed.size, swarm.holders(chunk.id).length]).toEqual([0, 5]);
  });

  it('refer to nothing that prune could take, and are no damaged upload', async () => {
    const { rights, manifestId, swarm } = await stage(2);
    const journal = new OwnerJournal(2);
    journal.written.push(...grantedEntries(manifestId, rights));
    journal.complete = true;
    const database = new OwnerDatabase();
    database.journals.push(journal);
    expect(await Array.fromAsync(referencedChunks(database))).toEqual([]);
    expect(await absentHolders(database, new Set(swarm.ids))).toEqual({ absent: new Set(), elsewhere: 0 });
  });
});

describe('an owner’s link in a swarm', () => {
  let xz: XzCodec;
  beforeAll(async () => {
    xz = await loadTestXz();
  });

  it('gives the manifest and the rights to it; one that does not fit is refused', async () => {
    const { swarm, clock, manifest } = await DownloadBench.create(3, 1000);
    const remembered: ChunkId[] = [];
    const remember = ({ id }: { id: ChunkId }): Promise<void> => Promise.resolve(void remembered.push(id));
    const options = { swarm, clock, xz, deleteKey: DELETE_KEY, remember };
    const reader = await clock.run(storeManifestLink(manifest, options, never()));
    const rights = new DeletionRights();
    rights.append({ token: bytesOf(randomBytes(32)), bodyHash: bytesOf(randomBytes(32)) });
    const wrong = await clock.run(storeOwnerLink(reader, rights, options, never()));
    expect(await codeOf(clock.run(openAnyLink(wrong, options, never())))).toBe('CORRUPT');

    // Of an empty file there is nothing but what leads to it.
    const empty = await DownloadBench.create(3, 0);
    const there = { ...options, swarm: empty.swarm, clock: empty.clock };
    const link = await empty.clock.run(storeManifestLink(empty.manifest, there, never()));
    const owner = await empty.clock.run(storeOwnerLink(link, new DeletionRights(), there, never()));
    const opened = await empty.clock.run(openAnyLink(owner, there, never()));
    expect(opened.header).toEqual(empty.manifest.header);
    expect([...(opened.rights ?? [])].map(({ id }) => id)).toEqual([remembered.at(-1)]);
    expect((await empty.clock.run(openAnyLink(link, there, never()))).rights).toBeNull();
    const forged = { ...owner, token: bytesOf(randomBytes(32)) };
    expect(await codeOf(empty.clock.run(openAnyLink(forged, there, never())))).toBe('CHUNK_LOST');
  });
});
