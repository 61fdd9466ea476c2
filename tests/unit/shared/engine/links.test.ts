import { beforeAll, describe, expect, it } from 'vitest';
import type { XzCodec } from '../../../../shared/codec/xz.ts';
import { formatLink, parseLink } from '../../../../shared/format/capability.ts';
import type { ChunkId } from '../../../../shared/ids.ts';
import { BLOCK_BYTES } from '../../../../shared/limits.ts';
import { openLink, storeManifestLink } from '../../../../shared/engine/links.ts';
import { loadTestXz } from '../support/vectors.ts';
import { DownloadBench } from './download-bench.ts';
import { DELETE_KEY } from './fakes.ts';
import { never } from './upload-bench.ts';

let xz: XzCodec;
beforeAll(async () => {
  xz = await loadTestXz();
});

describe('a manifest behind a link', () => {
  it('is known here before it is sent, lies on five relays, and is all that a reader needs', async () => {
    const bench = await DownloadBench.create(7, 2 * BLOCK_BYTES + 5);
    const { swarm, clock, manifest } = bench;
    const remembered: ChunkId[] = [];
    swarm.beforePut = (id) => expect(remembered).toContain(id);
    const remember = ({ id }: { id: ChunkId }): Promise<void> => {
      remembered.push(id);
      return Promise.resolve();
    };
    const options = { swarm, clock, xz, deleteKey: DELETE_KEY, remember };
    const link = await clock.run(storeManifestLink(manifest, options, never()));
    expect(remembered).toEqual([link.id]);
    expect(swarm.holdersOf(link.id)).toHaveLength(5);
    const text = formatLink(link);
    // Four holders lie: the link is verified as any chunk is.
    for (const relay of swarm.holdersOf(link.id).slice(0, 4)) relay.readFault = 'garbage';
    const found = await clock.run(openLink(parseLink(text), { swarm, clock, xz }, never()));
    expect(found.header).toEqual(manifest.header);
    expect(found.rows.length).toBe(3);
    for (let index = 0; index < 3; index++) expect(found.rows.at(index)).toEqual(manifest.rows.at(index));
  });

  it('is lost with a reason when nobody has it', async () => {
    const { swarm, clock } = await DownloadBench.create(5, 10);
    const opening = clock.run(
      openLink({ id: 'ab'.repeat(32) as ChunkId, key: DELETE_KEY }, { swarm, clock, xz }, never()),
    );
    await expect(opening).rejects.toMatchObject({ code: 'CHUNK_LOST' });
  });
});
